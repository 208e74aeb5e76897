"""The operators that are one problem each; `plugin` is their catalogue."""
