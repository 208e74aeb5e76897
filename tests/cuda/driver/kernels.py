"""Kernels: they are loaded as PTX, and interpreted."""

from __future__ import annotations

import ctypes
from typing import Any

from interpreter import Inside, Module

from .state import INVALID_VALUE, Driver, DriverError
from .table import function, handle, integer, put, unsigned

MOST_SHARED, SHARED = 8, 48 * 1024  # the attribute, and what is allowed without it


class LaunchConfig(ctypes.Structure):
    _fields_ = [
        *((name, unsigned) for name in ("x", "y", "z", "bx", "by", "bz", "shared")),
        ("stream", handle),
        ("attributes", handle),
        ("count", unsigned),
    ]


@function(handle, handle, handle, handle, unsigned, handle, handle, unsigned)
def library_load_data(driver: Driver, library: int, code: int, *options: Any) -> None:
    put(library, driver.new(Module(ctypes.string_at(code).decode())))


@function(handle)
def library_unload(driver: Driver, library: int) -> None: ...


@function(handle, handle, ctypes.c_char_p)
def library_get_kernel(driver: Driver, kernel: int, library: int, name: bytes) -> None:
    put(kernel, driver.new(driver.of(library).kernel(name.decode())))


@function(integer, integer, handle, integer)
def kernel_set_attribute(driver: Driver, attribute: int, value: int, kernel: int, gpu: int) -> None:
    assert attribute == MOST_SHARED
    driver.shared[kernel, gpu] = value


@function(handle, handle, handle, handle)
def launch_kernel_ex(driver: Driver, config: int, kernel: int, parameters: int, extra: int) -> None:
    found, loaded = LaunchConfig.from_address(config), driver.of(kernel)
    driver.must_be_current(found.stream)
    places = ctypes.cast(parameters, ctypes.POINTER(handle))
    given = [
        ctypes.string_at(places[number], each.size)
        for number, each in enumerate(loaded.program.kernel.parameters)
    ]
    grid, block = (found.x, found.y, found.z), (found.bx, found.by, found.bz)
    gpu, shared = driver.current, found.shared
    if shared > driver.shared.get((kernel, gpu), SHARED):
        raise DriverError(INVALID_VALUE)

    def run() -> None:
        loaded.run(grid, block, [_argument(driver, gpu, each) for each in given], shared)

    driver.enqueue(found.stream, f"launch {loaded.name}", run)


def _argument(driver: Driver, gpu: int, given: bytes) -> Any:
    """Return the memory behind an address, and other arguments as they are."""
    if len(given) == 8:
        try:
            where, values, at = driver.holder(int.from_bytes(given, "little"))
        except DriverError:
            return given
        assert where == gpu, f"memory of GPU {where} in a launch on {gpu}"
        return Inside(values, at)
    return given
