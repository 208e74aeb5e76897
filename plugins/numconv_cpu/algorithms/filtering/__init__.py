"""Filters: weights that slide along the axes of an array, summed in float64 lines."""
