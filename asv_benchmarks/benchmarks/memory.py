"""Peak memory of large layers: Python, Numba, the operands, the result and the workspace.

asv takes the most that the process ever held, so the kernels are compiled in another one first.
"""

from __future__ import annotations

from .layers import SELECTED
from .subjects import function_of, warm_call

_LAYERS = SELECTED["large"]


class Large:
    """Peak memory of a process that computes one large layer."""

    version = "1"
    params = (list(_LAYERS),)
    param_names = ("layer",)

    def setup_cache(self) -> None:
        for layer in _LAYERS.values():
            try:
                warm_call(layer)
            except NotImplementedError as error:
                print(error)

    def setup(self, layer: str) -> None:
        function_of(_LAYERS[layer])

    def peakmem_call(self, layer: str) -> None:
        warm_call(_LAYERS[layer])
