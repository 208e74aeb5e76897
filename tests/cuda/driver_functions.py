"""The functions of the made-up driver: ``ctx_get_device`` is ``cuCtxGetDevice``, and so on."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from driver import (
    INVALID_CONTEXT,
    INVALID_HANDLE,
    INVALID_VALUE,
    LEGACY,
    NOT_SUPPORTED,
    Driver,
    DriverError,
)
from interpreter import Inside, Module

GPUS = 2
ATTRIBUTES = {16: 2, 75: 8, 76: 0, 115: 1}  # multiprocessors, capability, memory pools
NAMES = {
    INVALID_VALUE: "CUDA_ERROR_INVALID_VALUE",
    2: "CUDA_ERROR_OUT_OF_MEMORY",
    INVALID_CONTEXT: "CUDA_ERROR_INVALID_CONTEXT",
    INVALID_HANDLE: "CUDA_ERROR_INVALID_HANDLE",
    NOT_SUPPORTED: "CUDA_ERROR_NOT_SUPPORTED",
}
CONTEXT = 0x100
"""Of the first GPU, as a handle; the next ones follow."""
FUNCTIONS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {}

size, unsigned, integer = ctypes.c_size_t, ctypes.c_uint, ctypes.c_int
handle = ctypes.c_void_p


def function(*kinds: Any) -> Callable[..., Any]:
    """Make a Python function one of the driver's, with parameters of these types."""

    def mark(given: Callable[..., None]) -> Callable[..., None]:
        words = given.__name__.split("_")
        FUNCTIONS["cu" + "".join(map(str.capitalize, words))] = given, kinds
        return given

    return mark


class LaunchConfig(ctypes.Structure):
    _fields_ = [
        *((name, unsigned) for name in ("x", "y", "z", "bx", "by", "bz", "shared")),
        ("stream", handle),
        ("attributes", handle),
        ("count", unsigned),
    ]


class Location(ctypes.Structure):
    _fields_ = [("kind", integer), ("id", integer)]


def put(place: int, value: int, kind: Any = handle) -> None:
    """Store a value where a pointer points to."""
    ctypes.cast(place, ctypes.POINTER(kind))[0] = value


@function(unsigned)
def init(driver: Driver, flags: int) -> None: ...


@function(handle)
def driver_get_version(driver: Driver, version: int) -> None:
    put(version, 13000, integer)


@function(integer, handle)
def get_error_name(driver: Driver, error: int, name: int) -> None:
    text = ctypes.c_char_p(NAMES.get(error, "CUDA_ERROR_UNKNOWN").encode())
    driver.kept.append(text)
    put(name, ctypes.cast(text, handle).value or 0)


FUNCTIONS["cuGetErrorString"] = FUNCTIONS["cuGetErrorName"]


@function(handle)
def device_get_count(driver: Driver, count: int) -> None:
    put(count, GPUS, integer)


@function(handle, integer)
def device_get(driver: Driver, gpu: int, ordinal: int) -> None:
    put(gpu, ordinal, integer)


@function(handle, integer, integer)
def device_get_name(driver: Driver, name: int, room: int, gpu: int) -> None:
    ctypes.memmove(name, f"made-up {gpu}\0".encode(), len(f"made-up {gpu}") + 1)


@function(handle, integer, integer)
def device_get_attribute(driver: Driver, value: int, attribute: int, gpu: int) -> None:
    put(value, ATTRIBUTES.get(attribute, 0), integer)


@function(handle, integer)
def device_get_uuid(driver: Driver, uuid: int, gpu: int) -> None:
    ctypes.memset(uuid, gpu, 16)


@function(handle, integer)
def device_primary_ctx_retain(driver: Driver, context: int, gpu: int) -> None:
    put(context, CONTEXT + (gpu or 0))


@function(integer)
def device_primary_ctx_release(driver: Driver, gpu: int) -> None: ...


@function(handle)
def ctx_get_current(driver: Driver, context: int) -> None:
    put(context, CONTEXT + driver.current if driver.stack else 0)


@function(handle)
def ctx_set_current(driver: Driver, context: int | None) -> None:
    del driver.stack[-1:]
    if context is not None:
        driver.stack.append(context - CONTEXT)


@function(handle)
def ctx_push_current(driver: Driver, context: int) -> None:
    driver.stack.append(context - CONTEXT)


@function(handle)
def ctx_pop_current(driver: Driver, context: int) -> None:
    put(context, CONTEXT + driver.current)
    driver.stack.pop()


@function(handle)
def ctx_get_device(driver: Driver, gpu: int) -> None:
    put(gpu, driver.current, integer)


@function()
def ctx_synchronize(driver: Driver) -> None:
    for (gpu, _), queue in reversed(driver.streams.items()):
        if gpu == driver.current:
            driver.drain(queue)


@function(handle, unsigned)
def stream_create(driver: Driver, stream: int, flags: int) -> None:
    put(stream, driver.new(driver.current))


@function(handle)
def stream_synchronize(driver: Driver, stream: int | None) -> None:
    driver.log.append(f"synchronize {stream or LEGACY:x}")
    driver.drain(driver.queue(stream))


@function(handle, handle)
def stream_is_capturing(driver: Driver, stream: int | None, state: int) -> None:
    put(state, 0, integer)


@function(handle, unsigned)
def event_create(driver: Driver, event: int, flags: int) -> None:
    put(event, driver.new([]))


@function(handle)
def event_destroy(driver: Driver, event: int) -> None: ...


@function(handle, handle)
def event_record(driver: Driver, event: int, stream: int | None) -> None:
    driver.must_be_current(stream)
    mark: list[Any] = [driver.queue(stream)]
    driver.handles[event] = mark
    driver.enqueue(stream, "record", mark.clear)


@function(handle, handle, unsigned)
def stream_wait_event(driver: Driver, stream: int | None, event: int, flags: int) -> None:
    mark = driver.of(event)

    def reach() -> None:
        while mark:
            mark[0].popleft()()

    driver.enqueue(stream, "wait", reach)


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


@function(handle, handle, handle, handle, unsigned, handle, handle, unsigned)
def library_load_data(driver: Driver, library: int, code: int, *options: Any) -> None:
    put(library, driver.new(Module(ctypes.string_at(code).decode())))


@function(handle)
def library_unload(driver: Driver, library: int) -> None: ...


@function(handle, handle, ctypes.c_char_p)
def library_get_kernel(driver: Driver, kernel: int, library: int, name: bytes) -> None:
    put(kernel, driver.new(driver.of(library).kernel(name.decode())))


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
