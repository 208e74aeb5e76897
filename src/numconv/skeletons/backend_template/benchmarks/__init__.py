"""The benchmarks that asv runs on every commit of this backend."""
