"""The pictures of the documentation, made of the package's own functions and photograph."""
