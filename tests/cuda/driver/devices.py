"""GPUs, contexts, streams and events: ``ctx_get_device`` is ``cuCtxGetDevice``, and so on."""

from __future__ import annotations

import ctypes
from typing import Any

from .state import (
    INVALID_CONTEXT,
    INVALID_HANDLE,
    INVALID_VALUE,
    LEGACY,
    NOT_SUPPORTED,
    Driver,
)
from .table import FUNCTIONS, function, handle, integer, put, unsigned

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
