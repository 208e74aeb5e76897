"""Involution: convolution with a kernel of its own for every position."""
