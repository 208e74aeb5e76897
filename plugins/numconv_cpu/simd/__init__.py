"""Vectors: how wide they are here, register tiles made of them, and raw memory."""
