"""What runs compiled code: compiling and its cache, threads, workspaces."""
