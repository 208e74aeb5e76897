"""The locally connected layer as an operator of numconv, with an algorithm for it."""

from .operator import unshared
from .problem import UnsharedProblem

__all__ = ["UnsharedProblem", "unshared"]
