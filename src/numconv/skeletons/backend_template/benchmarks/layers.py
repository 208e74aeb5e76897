"""Time of a few layers: ours, and those of `cpu` beside them.

A step in our graph that `cpu` shows as well is the machine's, or numconv's, and not ours.
"""

from __future__ import annotations

from functools import partial

import numconv
import numpy as np
from numconv.plugin import NumconvError

BACKENDS = ("template", "cpu")
LAYERS = {  # shapes of x and of the weight, and the parameters
    "3x3 4@16": ((1, 4, 16, 16), (8, 4, 3, 3), {"padding": 1}),
    "3x3/2 16@32": ((1, 16, 32, 32), (16, 16, 3, 3), {"padding": 1, "stride": 2}),
    "1x1 32@16": ((1, 32, 16, 16), (32, 32, 1, 1), {}),
}


class Layers:
    """A call of each layer by each backend."""

    version = "1"  # raise it when older times can no longer be compared
    params = (list(LAYERS), list(BACKENDS))
    param_names = ("layer", "backend")
    rounds = 1
    number = 1
    repeat = (2, 200, 0.4)
    warmup_time = 0.05

    def setup(self, layer: str, backend: str) -> None:
        """Compile, outside of what is timed; what is refused is n/a."""
        x_shape, weight_shape, parameters = LAYERS[layer]
        generator = np.random.default_rng(0)
        x, weight = (
            generator.standard_normal(shape, np.float32) for shape in (x_shape, weight_shape)
        )
        self._call = partial(numconv.conv2d, x, weight, backend=backend, **parameters)
        try:
            self._call()
        except NumconvError as error:
            raise NotImplementedError(str(error)) from error

    def time_call(self, layer: str, backend: str) -> None:
        self._call()
