"""Convolutions in both directions.

`direct` lowers a problem to parts (`lowering`) and hands them to the matrix product (`product`).
"""
