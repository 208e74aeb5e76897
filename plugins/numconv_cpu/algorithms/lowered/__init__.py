"""Convolutions lowered to tables of offsets: `direct`, `pointwise` and `transposed`."""
