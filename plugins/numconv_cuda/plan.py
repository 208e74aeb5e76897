"""What the plans of this backend have in common: tables on every device, and NumPy arrays moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .array import DeviceArray
from .device import Device


class DevicePlan:
    """A plan that is bound to each device at its first call there.

    A call takes arrays of a device, or NumPy arrays: these are copied to `device` and the result
    back, which is for tests and for measuring. The dispatcher hands it no NumPy arrays.

    Parameters
    ----------
    problem : problem
    device : Device
        Where NumPy arrays are taken to.
    """

    workspace_bytes = 0

    def __init__(self, problem: Any, device: Device) -> None:
        self._dtype, self._epilogue = problem.dtype, problem.epilogue
        self._operands = len(problem.operand_shapes)
        self._device = device
        self._bound: dict[Device, Any] = {}

    def bind(self, device: Device) -> Any:
        """Return what a call needs there: launchers and tables."""
        raise NotImplementedError

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        """Enqueue the launches of a call on the stream of `out`."""
        raise NotImplementedError

    def pointers(self, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> tuple[Any, ...]:
        """Return what kernels get of a call: the operands, bias, residual and result.

        Of bias and residual, those that the epilogue has not are never read.
        """
        operands, rest = arrays[: self._operands], arrays[self._operands :]
        bias = rest[0] if self._epilogue.bias else out
        residual = rest[-1] if self._epilogue.residual else out
        return tuple(each.data for each in (*operands, bias, residual, out))

    def __call__(self, *arrays: Any, out: Any) -> None:
        """Solve the problem for `arrays` and write every element of `out`."""
        if isinstance(out, np.ndarray):
            self._moved(arrays, out)
            return
        if out.size == 0:
            return
        device = out.device
        bound = self._bound.get(device)
        if bound is None:
            bound = self._bound[device] = self.bind(device)
        self.launch(bound, arrays, out)
        for each in (*arrays, out):
            if each.theirs is not None:
                each.release()

    def _moved(self, arrays: tuple[NDArray[Any], ...], out: NDArray[Any]) -> None:
        given = [self._device.upload(array) for array in arrays]
        # Not empty: what a kernel leaves out shall be seen.
        result = self._device.upload(out)
        self(*given, out=result)
        out[...] = self._device.download(result)

    def prepare(self, weight: Any) -> Any:
        return weight
