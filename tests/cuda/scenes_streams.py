"""Scenes of `launching.py`: streams, several GPUs, memory that goes, errors of the driver."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import numconv
from driver import INVALID_VALUE
from libraries import Interfaced, Memory, Ndarray, Packed, Tensor
from numconv.core import plugins
from numconv.core import tuning as tuning_of_core
from stage import (
    CUPY,
    DRIVER,
    EXPECTED,
    KINDS,
    NAIVE,
    TORCH,
    WEIGHT,
    X,
    current,
    later,
    must_equal,
    refused,
    stream,
)


def out_of_another_library() -> None:
    on = stream()
    room = Ndarray(np.zeros_like(EXPECTED))
    with CUPY.streams.use(on):
        numconv.conv2d(Tensor(X), Tensor(WEIGHT), out=room)
    # CuPy goes on, and finds the result.
    seen = Ndarray(np.zeros_like(EXPECTED))
    DRIVER.streams[0, on].append(lambda: seen.values.__setitem__(..., room.values))
    must_equal(seen)


def the_callers_stream() -> None:
    on = stream()
    x, weight = Tensor(X), Tensor(WEIGHT)
    numconv.conv2d(x, weight)
    numconv.conv2d(x[..., ::2], weight)
    DRIVER.log.clear()
    with TORCH.streams.use(on):
        result = numconv.conv2d(x, weight)
        strided = numconv.conv2d(x[..., ::2], weight)
    assert DRIVER.log
    assert all(f"0/{on:x}" in each or f"synchronize {on:x}" in each for each in DRIVER.log)
    must_equal(result)
    must_equal(strided, numconv.conv2d(X[..., ::2], WEIGHT, **NAIVE))


def what_others_do_before_and_after_is_in_order() -> None:
    theirs = stream()
    x, weight = Interfaced(np.zeros_like(X)), Interfaced(WEIGHT)
    x.stream = theirs
    later(0, theirs, x, X)
    result = numconv.conv2d(x, weight)
    later(0, theirs, x, 0)
    must_equal(result)

    # This time ours is the stream that is done first.
    theirs, on = stream(), stream()
    y, factors = Ndarray(X), Tensor(np.zeros_like(WEIGHT))
    with CUPY.streams.use(on), TORCH.streams.use(theirs):
        later(0, theirs, factors, WEIGHT)
        result = numconv.conv2d(y, factors)
    must_equal(result)


def streams_of_dlpack() -> None:
    x, weight = Packed(X), Packed(WEIGHT)
    numconv.conv2d(x, weight)
    # None is the default stream there; 0 would be an error.
    assert x.asked is None, x.asked
    on = stream()
    with CUPY.streams.use(on):
        must_equal(numconv.conv2d(Ndarray(X), weight))
    assert weight.asked == on, weight.asked


def another_gpu() -> None:
    before = current()
    for kind in KINDS:
        x, weight = kind(X, 1), kind(WEIGHT, 1)
        for _ in range(2):
            result = numconv.conv2d(x, weight)
            assert current() == before, (kind, current(), before)
            must_equal(result)
        shown = None if isinstance(result, Memory) else result.__cuda_array_interface__
        address = result.address if shown is None else shown["data"][0]
        assert DRIVER.holder(address)[0] == 1
        with refused(numconv.ArgumentTypeError, "weight=", "made-up 0", "made-up 1"):
            numconv.conv2d(x, kind(WEIGHT, 0))


def a_thread_without_a_context() -> None:
    found: list[Any] = []

    def call() -> None:
        assert current() is None
        found.append(numconv.conv2d(Tensor(X, 1), Tensor(WEIGHT, 1)))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    must_equal(found[0])


def a_plan_may_go_while_its_kernel_runs() -> None:
    with TORCH.streams.use(stream()):
        result = numconv.plan("conv2d", X.shape, Tensor(WEIGHT))(Tensor(X))
        gc.collect()
    # The memory of its tables is of the default stream, which may be ahead of the other.
    DRIVER.drain(DRIVER.queue(None))
    must_equal(result)


def more_shared_memory() -> None:
    from numconv_cuda import launch, strided

    place: Any = launch.gpu(1)
    given, made = Tensor(X, 1), Tensor(np.zeros_like(X), 1)
    numbers = (X.size, *[1] * 7, X.size, *[0] * 7, 1, *[0] * 7, 1)
    run = place.launcher(strided.KERNEL, "int32", (1,), (256,), 100_000)
    run(0, made.address, given.address, *map(np.int32, numbers))
    must_equal(made, X)


def errors_of_the_driver_have_their_names() -> None:
    before = current()
    x, weight = Tensor(X, 1), Tensor(WEIGHT, 1)
    numconv.conv2d(x, weight)
    for name in ("cuLaunchKernelEx", "cuStreamSynchronize", "cuMemAllocFromPoolAsync"):
        DRIVER.failing[name] = INVALID_VALUE
        with refused(Exception, "CUDA_ERROR_INVALID_VALUE"):
            numconv.conv2d(x[..., ::2], weight)
        assert not DRIVER.failing
        assert current() == before


def the_backend_moves_arrays() -> None:
    backend: Any = plugins.backend("cuda")
    assert plugins.status(backend).state == "ready"
    there = backend.put(X)
    assert backend.holds(there)
    np.testing.assert_array_equal(backend.fetch(there), X)
    np.testing.assert_array_equal(backend.fetch(Tensor(X)[..., ::-2]), X[..., ::-2])
    pending = Tensor(X)
    on = stream()
    later(0, on, pending, 1)
    backend.finish()
    assert pending.values.min() == 1


def tuning() -> None:
    # A budget for one algorithm: each call is interpreted.
    tuning_of_core.BUDGET_SECONDS = 0.0
    before = len(DRIVER.log)
    for gpu in (0, 1):
        must_equal(numconv.conv2d(Tensor(X, gpu), Tensor(WEIGHT, gpu), tune=True))
    assert not [each for each in DRIVER.log[before:] if "download" in each]


SCENES: tuple[Callable[[], None], ...] = (
    out_of_another_library,
    the_callers_stream,
    what_others_do_before_and_after_is_in_order,
    streams_of_dlpack,
    another_gpu,
    a_thread_without_a_context,
    a_plan_may_go_while_its_kernel_runs,
    more_shared_memory,
    errors_of_the_driver_have_their_names,
    the_backend_moves_arrays,
    tuning,
)
