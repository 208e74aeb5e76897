"""Problems: one computation each, completely described and validated when built."""

from .convolution import ConvolutionProblem, Direction
from .epilogue import Epilogue
from .filter import FilterProblem
from .generated import GeneratedInvolutionProblem
from .involution import InvolutionProblem

__all__ = [
    "ConvolutionProblem",
    "Direction",
    "Epilogue",
    "FilterProblem",
    "GeneratedInvolutionProblem",
    "InvolutionProblem",
]
