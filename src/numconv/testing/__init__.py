"""The conformance kit: the laws that every algorithm keeps, and their verification.

From the command line: ``numconv verify --backend NAME``. In the tests of a plugin, with pytest::

    import pytest


    @pytest.mark.numconv(backend="NAME")
    def test_laws(numconv_check):
        numconv_check()
"""

from .catalogue import NamedProblem, naive_reference, named_problems, problems_of, solvers
from .checks import LawBroken, NotApplicable
from .isolation import verify
from .laws import LAWS, LAWS_OF_BACKENDS, STAGES, Auto, Law, laws_of
from .operands import random_operands, small_operands
from .report import Report
from .verification import Request

__all__ = [
    "LAWS",
    "LAWS_OF_BACKENDS",
    "STAGES",
    "Auto",
    "Law",
    "LawBroken",
    "NamedProblem",
    "NotApplicable",
    "Report",
    "Request",
    "laws_of",
    "naive_reference",
    "named_problems",
    "problems_of",
    "random_operands",
    "small_operands",
    "solvers",
    "verify",
]
