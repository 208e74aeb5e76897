"""Contestants: who is measured, as it is written on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..core.errors import ArgumentError

_WRITTEN = re.compile(r"(?P<backend>[\w.-]+)(/(?P<algorithm>[\w.-]+))?(?P<plan>\+plan)?")


@dataclass(frozen=True)
class Contestant:
    """A backend, one of its algorithms or its own choice, called plainly or through a plan.

    Examples
    --------
    >>> from numconv.benchmarking.contestants import Contestant
    >>> Contestant.parse("cpu/direct+plan")
    Contestant(backend='cpu', algorithm='direct', plan=True)
    >>> str(Contestant("torch"))
    'torch'
    """

    backend: str
    algorithm: str = "auto"
    plan: bool = False

    @classmethod
    def parse(cls, text: str, argument: str = "backend") -> Contestant:
        """Return the contestant written as ``BACKEND[/ALGORITHM][+plan]``.

        Raises
        ------
        ArgumentError
            If `text`, the value of `argument`, is not written so.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ArgumentError(argument, text, "BACKEND[/ALGORITHM][+plan], such as cpu/direct")
        return cls(match["backend"], match["algorithm"] or "auto", match["plan"] is not None)

    def __str__(self) -> str:
        algorithm = "" if self.algorithm == "auto" else f"/{self.algorithm}"
        return self.backend + algorithm + "+plan" * self.plan
