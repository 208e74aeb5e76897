"""The CPU backend: kernels in Python, compiled by Numba for the processor at hand."""
