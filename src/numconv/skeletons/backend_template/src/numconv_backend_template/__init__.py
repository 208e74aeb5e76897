"""A backend for numconv with one algorithm."""
