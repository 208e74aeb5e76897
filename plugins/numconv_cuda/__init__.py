"""The CUDA backend of numconv: kernels in Python, compiled by numba-cuda for NVIDIA GPUs."""
