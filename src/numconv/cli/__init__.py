"""The command `numconv`: one file per command, listed in `main`."""
