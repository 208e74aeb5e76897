"""The backend `cuda`: which algorithms it has, in order of preference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numconv.core.problems import (
    ConvolutionProblem,
    GeneratedInvolutionProblem,
    InvolutionProblem,
)
from numconv.core.protocol import Algorithm, Array, Backend, Status

from . import memory, status
from .convolution.depthwise import Depthwise
from .convolution.direct import Direct
from .convolution.padded import Padded
from .convolution.tensor import Tensor
from .device import Device
from .involution.algorithm import Involution
from .involution.block import InvolutionBlock
from .loops.algorithm import Loops


def device() -> Device:
    """Return what calls with NumPy arrays run on: the current GPU, or what simulates one."""
    if status.simulated():
        from .simulator import SIMULATOR

        return SIMULATOR
    from .launch import current_gpu

    return current_gpu()


def algorithms(device: Callable[[], Device]) -> dict[type, tuple[Algorithm, ...]]:
    """Return the algorithms for each kind of problem, on what `device` returns."""
    products = (Tensor(device), Direct(device))
    return {
        ConvolutionProblem: (
            Depthwise(device),
            *products,
            Padded(device, products),
            Loops(device),
        ),
        InvolutionProblem: (Involution(device), Loops(device)),
        GeneratedInvolutionProblem: (InvolutionBlock(device),),
    }


ALGORITHMS = algorithms(device)


class CudaBackend(Backend):
    """Kernels in Python, compiled by numba-cuda for NVIDIA GPUs."""

    name = "cuda"
    device = "cuda"
    priority = 200

    def status(self) -> Status:
        """Say whether there is a GPU, and what is missing if not. Never raises."""
        return status.status()

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        """Return the algorithms for this kind of problem, the last resort last."""
        return ALGORITHMS.get(type(problem), ())

    def holds(self, value: Any) -> bool:
        """Return whether `value` is an array in the memory of a GPU."""
        return memory.holds(value)

    def memory(self, value: Any) -> memory.GpuMemory:
        """Return the memory in which `value` lies, an array of this backend's device."""
        return memory.memory(value)

    def put(self, array: Array) -> Any:
        """Return a copy of a NumPy array on the current GPU, as numba.cuda has it."""
        from numba import cuda

        return cuda.to_device(array)

    def fetch(self, value: Any) -> Array:
        """Return a copy of an array on a GPU as a NumPy array, once it is computed."""
        return self.memory(value).fetch("value", value)

    def finish(self) -> None:
        """Wait until all that was enqueued on the current GPU is done."""
        device().finish()

    def remedy(self) -> str:
        return "move it with cupy.asarray(x), torch.from_numpy(x).cuda() or numba.cuda.to_device(x)"
