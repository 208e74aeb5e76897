"""The bilateral filter as an operator of numconv, with an algorithm for it."""

from .operator import bilateral
from .problem import BilateralProblem

__all__ = ["BilateralProblem", "bilateral"]
