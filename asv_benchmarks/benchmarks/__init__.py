"""Benchmarks over commits: today's, whatever commit of numconv is installed beside them."""
