"""Time of each operator by each algorithm, over layers from the suites.

The classes are made from the registry, so that whatever plugin is installed is measured too: one
for each operator and algorithm, called ``{operator}_{backend}_{algorithm}``; ``{operator}_auto`` is
the dispatcher's choice. asv discovers them in one commit and calls them by name and by the index of
their parameter in every other. So an algorithm is a class, which a commit may lack, and the
parameter is the layer, which no commit changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .layers import SELECTED
from .subjects import AUTO, Subject, subjects, warm_call

_OPERATORS = [operator for operator in SELECTED if operator != "large"]


class _Layers:
    """Times one subject on an operator's layers."""

    version = "1"
    rounds = 1
    number = 1
    repeat = (2, 200, 0.4)
    warmup_time = 0.05
    param_names = ("layer",)

    operator = ""
    subject: Subject | None = None
    _call: Callable[[], Any] | None = None

    def setup(self, layer: str) -> None:
        # asv sets up before every sample; what is warm stays so.
        if self.subject is None:
            raise NotImplementedError("this commit lacks the algorithm")
        if self._call is None:
            self._call = warm_call(SELECTED[self.operator][layer], self.subject)

    def time_call(self, layer: str) -> None:
        assert self._call is not None
        self._call()


def _benchmark(operator: str, name: str, subject: Subject | None) -> type:
    members = {
        "operator": operator,
        "subject": subject,
        "params": [list(SELECTED[operator])],
        "rounds": 2 if subject == AUTO else 1,
        "__module__": __name__,
        "__doc__": f"Time of {operator} layers by {name}.",
    }
    return type(f"{operator}_{name}", (_Layers,), members)


def __getattr__(name: str) -> type:
    """Stand in for an algorithm that another commit has: its benchmark is n/a, not an error."""
    operator, _, rest = name.partition("_")
    if operator not in _OPERATORS or not rest:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _benchmark(operator, rest, None)


for _operator in _OPERATORS:
    for _subject in subjects(SELECTED[_operator].values()):
        _made = _benchmark(_operator, _subject.name, _subject)
        globals()[_made.__name__] = _made
