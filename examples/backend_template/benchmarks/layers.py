"""Time of the layers of numconv's suites: ours, and those of `cpu` beside them.

A step in our graph that `cpu` shows as well is the machine's, or numconv's, and not ours.
"""

from __future__ import annotations

from numconv.benchmarking import calls, suites
from numconv.benchmarking.contestants import Contestant
from numconv.plugin import NumconvError

CONTESTANTS = ("template", "cpu")  # BACKEND[/ALGORITHM][+plan], as for `numconv bench`
SUITES = ("tiny",)  # or files of yours: see numconv's CONTRIBUTING

LAYERS = {f"{name} {layer.name}": layer for name in SUITES for layer in suites.load(name).layers}


class Layers:
    """A call of each layer by each contestant."""

    version = "1"  # raise it when older times can no longer be compared
    params = (list(LAYERS), list(CONTESTANTS))
    param_names = ("layer", "contestant")
    rounds = 1
    number = 1
    repeat = (2, 200, 0.4)
    warmup_time = 0.05

    def setup(self, layer: str, contestant: str) -> None:
        """Compile, outside of what is timed; what is refused is n/a."""
        work = calls.work_of(LAYERS[layer])
        try:
            prepared = calls.prepare(Contestant.parse(contestant), LAYERS[layer], work)
            prepared.call()
        except NumconvError as error:
            raise NotImplementedError(str(error)) from error
        self._call = prepared.call

    def time_call(self, layer: str, contestant: str) -> None:
        self._call()
