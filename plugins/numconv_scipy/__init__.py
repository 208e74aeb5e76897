"""SciPy's convolutions as a backend of numconv, for comparison."""
