"""Memory of GPUs, and copies."""

from __future__ import annotations

import ctypes

import numpy as np

from .devices import ctx_synchronize
from .state import LEGACY, Driver
from .table import function, handle, integer, put, size


class Location(ctypes.Structure):
    _fields_ = [("kind", integer), ("id", integer)]


@function(handle, integer)
def device_get_mem_pool(driver: Driver, pool: int, gpu: int) -> None:
    put(pool, driver.new(gpu))


@function(handle, handle, integer)
def mem_get_mem_pool(driver: Driver, pool: int, location: int, kind: int) -> None:
    put(pool, driver.new(Location.from_address(location).id))


@function(handle, integer, handle)
def mem_pool_get_attribute(driver: Driver, pool: int, attribute: int, value: int) -> None:
    put(value, 0)


@function(handle, integer, handle)
def mem_pool_set_attribute(driver: Driver, pool: int, attribute: int, value: int) -> None: ...


@function(handle, handle)
def mem_get_info(driver: Driver, free: int, total: int) -> None:
    put(free, 2**30)
    put(total, 2**31)


@function(handle, size)
def mem_alloc(driver: Driver, address: int, nbytes: int) -> None:
    put(address, driver.allocate(driver.current, nbytes))


@function(handle)
def mem_free(driver: Driver, address: int) -> None:
    ctx_synchronize(driver)
    driver.free(address)


@function(handle, size, handle, handle)
def mem_alloc_from_pool_async(
    driver: Driver, address: int, nbytes: int, pool: int, stream: int | None
) -> None:
    driver.log.append(f"allocate on {driver.current}/{stream or LEGACY:x}")
    put(address, driver.allocate(driver.of(pool), nbytes))


@function(handle, handle)
def mem_free_async(driver: Driver, address: int, stream: int | None) -> None:
    driver.enqueue(stream, "free", lambda: driver.free(address))


@function(handle, handle, size, handle)
def memcpy_hto_d_async(
    driver: Driver, target: int, source: int, nbytes: int, stream: int | None
) -> None:
    values = ctypes.string_at(source, nbytes)
    _, there, at = driver.holder(target)

    def copy() -> None:
        there[at : at + nbytes] = np.frombuffer(values, np.uint8)

    driver.enqueue(stream, "upload", copy)


@function(handle, handle, size)
def memcpy_hto_d(driver: Driver, target: int, source: int, nbytes: int) -> None:
    memcpy_hto_d_async(driver, target, source, nbytes, None)
    driver.drain(driver.queue(None))


@function(handle, handle, size, handle)
def memcpy_dto_h_async(
    driver: Driver, target: int, source: int, nbytes: int, stream: int | None
) -> None:
    _, there, at = driver.holder(source)

    def copy() -> None:
        ctypes.memmove(target, there[at:].ctypes.data, nbytes)

    driver.enqueue(stream, f"download {nbytes} bytes", copy)


@function(handle, handle, size)
def memcpy_dto_h(driver: Driver, target: int, source: int, nbytes: int) -> None:
    memcpy_dto_h_async(driver, target, source, nbytes, None)
    driver.drain(driver.queue(None))


@function(handle, integer, handle)
def pointer_get_attribute(driver: Driver, value: int, attribute: int, address: int | None) -> None:
    put(value, driver.holder(address or 0)[0], integer)
