"""Involution: every position has its own kernel, shared by the channels of a group."""
