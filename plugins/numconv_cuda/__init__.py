"""The CUDA backend of numconv."""
