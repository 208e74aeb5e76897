"""The backend `cuda`: says what is missing for it; its kernels are not written yet."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

from numconv.core.protocol import Algorithm, Backend, Problem, Status

_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_USE_CPU = "use backend='cpu'"


class CudaBackend(Backend):
    """NVIDIA GPUs."""

    name = "cuda"
    device = "cuda"
    priority = 200

    def status(self) -> Status:
        return _status()

    def algorithms(self, problem: Problem) -> tuple[Algorithm, ...]:
        return ()


@cache
def _status() -> Status:
    driver = _DRIVERS.get(sys.platform)
    if driver is None:
        return Status("unavailable", f"CUDA does not exist for {sys.platform}", _USE_CPU)
    try:
        ctypes.CDLL(driver)
    except OSError:
        remedy = f"install NVIDIA's driver on a machine with an NVIDIA GPU, or {_USE_CPU}"
        return Status("unavailable", f"no NVIDIA driver: {driver} not found", remedy)
    reason = "a driver is there, but this version of numconv has no CUDA kernels yet"
    return Status("unavailable", reason, _USE_CPU)
