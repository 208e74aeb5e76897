"""A device for the backend `cuda`: the interpreter runs the PTX that a GPU gets."""

from __future__ import annotations

from functools import cache
from typing import Any

from interpreter import Module
from numconv_cuda.array import DeviceArray
from numconv_cuda.compile import Capability, Kernel
from numconv_cuda.device import Launch
from numconv_cuda.extremes import extremes
from numconv_cuda.simulator import Simulator
from shared_ptx import ptx


class Interpreted(Simulator):
    """A GPU of a compute capability, small and slow, that forgives nothing."""

    def __init__(self, capability: Capability = (8, 0), processors: int = 2) -> None:
        self.name = f"the interpreter of PTX for {capability}"
        self.capability = capability
        self.processors = processors

    def extremes(self, array: DeviceArray) -> tuple[int, int]:
        return extremes(self, array)

    def launcher(
        self,
        kernel: Kernel,
        dtype: str,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        shared_bytes: int = 0,
    ) -> Launch:
        loaded = _loaded(kernel, dtype, self.capability)
        grid, block = ((*each, 1, 1)[:3] for each in (grid, block))

        def launch(stream: int, *arguments: Any) -> None:
            loaded.run(grid, block, arguments, shared_bytes, watched=False)

        return launch


@cache
def _loaded(kernel: Kernel, dtype: str, capability: Capability) -> Any:
    text, entry = ptx(kernel, dtype, capability)
    return Module(text).kernel(entry)
