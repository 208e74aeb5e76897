"""The conformance kit: operands for a problem, and the laws every algorithm keeps."""

from .catalogue import NamedProblem, naive_reference, named_problems
from .laws import LAWS, Law, laws_of
from .operands import random_operands, small_operands

__all__ = [
    "LAWS",
    "Law",
    "NamedProblem",
    "laws_of",
    "naive_reference",
    "named_problems",
    "random_operands",
    "small_operands",
]
