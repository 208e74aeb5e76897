"""A backend for numconv with one algorithm, to be copied."""
