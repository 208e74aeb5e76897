"""Whether the backend can be used here; if not, why, and what to do. Imports no Numba."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from importlib import metadata, util

from numconv.core.protocol import Status

_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
_LEAST_DRIVER = 13000
_INSTALL = "pip install 'numba-cuda[cu13]>=0.30,<0.31' 'cuda-toolkit==13.0.*'"
_USE_CPU = "use backend='cpu'"
# What a kernel needs on its way from Python to a GPU.
MODULES = ("numba", "numba_cuda", "cuda.bindings", "cuda.core", "cuda.pathfinder")
LIBRARIES = ("nvvm", "nvJitLink")
OF_ONE_MAJOR = ("cuda-bindings", "nvidia-nvvm", "nvidia-nvjitlink")


def simulated() -> bool:
    """Return whether Numba simulates a GPU in this process."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0").strip() not in ("", "0")


@cache
def status() -> Status:
    """Return whether there is a GPU, its driver, and all that compiles for it."""
    if simulated():
        if _version("numba-cuda") is None:
            return Status("unavailable", "numba-cuda is not installed, nor its simulator", _INSTALL)
        return Status("simulated", "by Numba, in Python: for small problems only")
    driver = _DRIVERS.get(sys.platform)
    if driver is None:
        return Status("unavailable", f"CUDA does not exist for {sys.platform}", _USE_CPU)
    try:
        library = ctypes.CDLL(driver)
    except OSError:
        remedy = f"install NVIDIA's driver on a machine with an NVIDIA GPU, or {_USE_CPU}"
        return Status("unavailable", f"no NVIDIA driver: {driver} not found", remedy)
    return _of_driver(library) or _of_wheels() or Status("ready")


def _of_driver(library: ctypes.CDLL) -> Status | None:
    """Return what is wrong with a driver, if anything is."""
    number = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(number)):
        return Status("unavailable", "the NVIDIA driver does not answer", _USE_CPU)
    if number.value < _LEAST_DRIVER:
        found = f"{number.value // 1000}.{number.value % 1000 // 10}"
        remedy = f"install a driver for CUDA 13 (580 or newer), or {_USE_CPU}"
        return Status("unavailable", f"the driver is for CUDA {found}, and 13.0 is needed", remedy)
    if library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(number)) or not number.value:
        return Status("unavailable", "the driver finds no NVIDIA GPU", _USE_CPU)
    return None


def _of_wheels() -> Status | None:
    """Return what compiles kernels and is missing or does not fit together, if anything."""
    missing = [name for name in MODULES if not _found(name)]
    missing += [name for name in LIBRARIES if not missing and not _loads(name)]
    if missing:
        return Status("unavailable", f"not installed: {', '.join(missing)}", _INSTALL)
    majors = {name: (_version(name) or "").partition(".")[0] for name in OF_ONE_MAJOR}
    if len({major for major in majors.values() if major}) > 1:
        found = ", ".join(f"{name} {major}" for name, major in majors.items())
        return Status("unavailable", f"packages for different CUDA versions: {found}", _INSTALL)
    return None


def _found(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _loads(library: str) -> bool:
    """Return whether a library of NVIDIA's is found, wherever it comes from."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        load_nvidia_dynamic_lib(library)
    # Each version has errors of its own, and whatever it is, the library cannot be used.
    except Exception:
        return False
    return True


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
