"""PyTorch's own kernels as a backend of numconv, for comparison."""
