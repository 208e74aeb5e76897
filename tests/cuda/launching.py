"""Calls with arrays of PyTorch, CuPy and others, all made up, on the made-up driver.

Run as a script it says of each function below what went wrong, as JSON; nothing, if nothing did.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import libraries
import numconv
from driver import INVALID_VALUE, Driver
from driver_functions import FUNCTIONS
from libraries import Interfaced, Memory, Ndarray, Packed, Tensor
from numconv.core import plugins
from numconv.core import tuning as tuning_of_core
from numconv_cuda import compile as compiling

DRIVER = Memory.driver = Driver()
TORCH, CUPY = libraries.torch(), libraries.cupy()
KINDS: tuple[Any, ...] = (Tensor, Ndarray, Interfaced, Packed)

X = np.random.default_rng(0).standard_normal((2, 3, 5, 6)).astype("float32")
WEIGHT = np.random.default_rng(1).standard_normal((4, 3, 3, 3)).astype("float32")
KERNELS = np.random.default_rng(2).standard_normal((2, 1, 3, 3, 5, 6)).astype("float32")
# The CPU's kernels would be compiled for this.
NAIVE = {"backend": "reference"}
EXPECTED = numconv.conv2d(X, WEIGHT, **NAIVE)


def must_equal(result: Any, due: Any = EXPECTED) -> None:
    """Compare once all is done: the latest stream first, so nothing was ready by chance."""
    DRIVER.finish()
    assert not DRIVER.faults, DRIVER.faults
    values = result.values if isinstance(result, Memory) else result.copy_to_host()
    np.testing.assert_allclose(values, due, rtol=1e-5, atol=1e-5)


@contextmanager
def refused(error: type[Exception], *words: str) -> Iterator[None]:
    with pytest.raises(error) as raised:
        yield
    missing = [word for word in words if word not in str(raised.value)]
    assert not missing, f"{raised.value} says nothing of {missing}"


def stream(gpu: int = 0) -> int:
    """Return a new stream of a GPU, that waits for no other by itself."""
    made = DRIVER.new(gpu)
    DRIVER.streams[gpu, made] = deque()
    return made


def later(gpu: int, on: int, array: Any, values: Any) -> None:
    """Enqueue on a stream what makes these the values of an array."""

    def work() -> None:
        array.values[...] = values

    DRIVER.streams[gpu, on].append(work)


def current() -> Any:
    return DRIVER.stack[-1] if DRIVER.stack else None


def arrays_of_every_library() -> None:
    for kind in KINDS:
        x, weight = kind(X), kind(WEIGHT)
        for _ in range(2):
            result = numconv.conv2d(x, weight)
            must_equal(result)
        expected = kind.__module__ if kind in (Tensor, Ndarray) else "numba"
        assert type(result).__module__.partition(".")[0] == expected, type(result)


def involutions_and_transposed_convolutions() -> None:
    due = numconv.involution2d(X, KERNELS, padding=1, **NAIVE)
    must_equal(numconv.involution2d(Tensor(X), Tensor(KERNELS), padding=1), due)
    filters = WEIGHT.swapaxes(0, 1).copy()
    due = numconv.conv_transpose2d(X, filters, stride=2, **NAIVE)
    must_equal(numconv.conv_transpose2d(Tensor(X), Tensor(filters), stride=2), due)


def every_other_argument() -> None:
    bias = np.linspace(-1, 1, 4).astype("float32")
    more = {"padding": 1, "stride": 2}
    due = numconv.conv2d(X, WEIGHT, bias, **more, **NAIVE)
    must_equal(numconv.conv2d(Ndarray(X), Ndarray(WEIGHT), Ndarray(bias), **more), due)
    must_equal(numconv.conv2d(Tensor(X[0]), Tensor(WEIGHT)), EXPECTED[0])


def integers_stay_where_they_are() -> None:
    for dtype, largest in (("int32", 2**20), ("uint64", 2**40), ("uint8", 255)):
        x = np.arange(4500).reshape(1, 3, 30, 50).astype(dtype)
        x[0, 1, 2, 3] = largest
        weight = np.full((1, 3, 1, 1), 3, dtype)
        bias = np.array([7], dtype)
        due = numconv.conv2d(x, weight, bias, **NAIVE)
        DRIVER.log.clear()
        must_equal(numconv.conv2d(Ndarray(x), Ndarray(weight), Ndarray(bias)), due)
        moved = [each for each in DRIVER.log if "download" in each]
        assert all("download 16 bytes" in each for each in moved), moved
    for dtype, value in (("uint64", 2**63 + 1), ("int64", -(2**63))):
        x, weight = x.astype(dtype), weight.astype(dtype)
        x[0, 2, 29, 49] = value
        with refused(numconv.RefusedError, f"{abs(value)} x 3", "may not fit"):
            numconv.conv2d(Ndarray(x), Ndarray(weight))


def views() -> None:
    wide = np.repeat(X, 2, axis=3)
    for kind in KINDS:
        must_equal(numconv.conv2d(kind(wide)[..., ::2], kind(WEIGHT)))
        must_equal(numconv.conv2d(kind(X[..., ::-1])[..., ::-1], kind(WEIGHT)))


def out() -> None:
    for kind in (Tensor, Ndarray, Interfaced):
        x, weight = kind(X), kind(WEIGHT)
        wide = kind(np.zeros((*EXPECTED.shape[:3], 2 * EXPECTED.shape[3]), "float32"))
        for room in (kind(np.zeros_like(EXPECTED)), wide[..., ::2]):
            for _ in range(2):
                assert numconv.conv2d(x, weight, out=room) is room
                must_equal(room)
        DRIVER.finish()
        assert not wide.values[..., 1::2].any()


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


def plans() -> None:
    plan = numconv.plan("conv2d", X.shape, Tensor(WEIGHT))
    for _ in range(3):
        must_equal(plan(Tensor(X)))
    must_equal(plan(Tensor(np.repeat(X, 2, axis=3))[..., ::2]))
    room = Tensor(np.zeros_like(EXPECTED))
    assert plan(Tensor(X), out=room) is room
    must_equal(room)
    with refused(numconv.ArgumentTypeError, "operands[0]", "as planned"):
        plan(Tensor(X, 1))
    with refused(numconv.ArgumentError, "operands[0]", "the planned float32 array"):
        plan(Tensor(X[:1]))


def a_plan_may_go_while_its_kernel_runs() -> None:
    with TORCH.streams.use(stream()):
        result = numconv.plan("conv2d", X.shape, Tensor(WEIGHT))(Tensor(X))
        gc.collect()
    # The memory of its tables is of the default stream, which may be ahead of the other.
    DRIVER.drain(DRIVER.queue(None))
    must_equal(result)


def an_empty_batch_without_an_address() -> None:
    for kind in KINDS:
        result = numconv.conv2d(kind(X[:0]), kind(WEIGHT))
        assert result.shape == (0, *EXPECTED.shape[1:])


def what_is_refused() -> None:
    x, weight = Tensor(X), Tensor(WEIGHT)
    recording = Tensor(WEIGHT)
    recording.requires_grad = True
    masked, read_only = Interfaced(X), Interfaced(np.zeros_like(EXPECTED))
    masked.mask, read_only.read_only = Interfaced(X), True
    brain = Tensor(WEIGHT)
    brain.kind = "bfloat16"
    error, wrong = numconv.ArgumentTypeError, numconv.ArgumentError
    with refused(error, "weight=", "requires_grad", "detach()"):
        numconv.conv2d(x, recording)
    with refused(error, "weight=", "bfloat16", "float32"):
        numconv.conv2d(x, brain)
    with refused(error, "x=", "without a mask"):
        numconv.conv2d(masked, Interfaced(WEIGHT))
    with refused(error, "x=", ">f4", "float32"):
        numconv.conv2d(Interfaced(X.astype(">f4")), Interfaced(WEIGHT))
    with refused(error, "weight=", "memory of 'cuda', where x lies"):
        numconv.conv2d(x, WEIGHT)
    with refused(numconv.BackendError, "cupy.asarray(x)"):
        numconv.conv2d(X, WEIGHT, backend="cuda")
    with refused(wrong, "out=", "a read-only array"):
        numconv.conv2d(Interfaced(X), Interfaced(WEIGHT), out=read_only)
    with refused(wrong, "out=", "float32 array of shape (2, 4, 3, 4)"):
        numconv.conv2d(x, weight, out=x)
    with refused(wrong, "out=", "overlaps an operand"):
        numconv.conv2d(x, Tensor(WEIGHT[:3]), padding=1, out=x)


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


def operators_made_of_others() -> None:
    three = np.array([1, 2, -1], "float32")
    apart, mix = WEIGHT[:3, :1], WEIGHT[:, :, 0, 0]
    cases: tuple[tuple[Any, tuple[Any, ...], dict[str, Any]], ...] = (
        (numconv.separable_conv2d, (X, three, WEIGHT[0, :, 0]), {}),
        (numconv.flattened_conv2d, (X, mix, three, three), {}),
        (numconv.depthwise_separable_conv2d, (X, apart, mix), {}),
        (numconv.resize_conv2d, (X[:1, :, :3, :3], WEIGHT[:1]), {}),
        (numconv.shuffled_conv2d, (X, WEIGHT[:, :1]), {"groups": 2}),
    )
    for function, (x, *rest), more in cases:
        if "groups" in more:
            x = x[:, :2].copy()
        due = function(x, *rest, **more, **NAIVE)
        for kind in (Tensor, Ndarray):
            result = function(kind(x), *map(kind, rest), **more)
            assert type(result) is kind
            must_equal(result, due)
    must_equal(numconv.channel_shuffle(Tensor(X), 3), numconv.channel_shuffle(X, 3))
    whole, ones = np.arange(24, dtype="int16").reshape(1, 2, 3, 4), np.ones(2, "int16")
    due = numconv.separable_conv2d(whole, ones, ones, **NAIVE)
    must_equal(numconv.separable_conv2d(Ndarray(whole), Ndarray(ones), Ndarray(ones)), due)
    with refused(numconv.ArgumentError, "interpolation=", "'nearest' for arrays in the memory"):
        numconv.resize_conv2d(Tensor(X), Tensor(WEIGHT), interpolation="linear")


def tuning() -> None:
    # A budget for one algorithm: each call is interpreted.
    tuning_of_core.BUDGET_SECONDS = 0.0
    before = len(DRIVER.log)
    for gpu in (0, 1):
        must_equal(numconv.conv2d(Tensor(X, gpu), Tensor(WEIGHT, gpu), tune=True))
    assert not [each for each in DRIVER.log[before:] if "download" in each]


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


SCENES: tuple[Callable[[], None], ...] = (
    arrays_of_every_library,
    involutions_and_transposed_convolutions,
    every_other_argument,
    integers_stay_where_they_are,
    views,
    out,
    out_of_another_library,
    the_callers_stream,
    what_others_do_before_and_after_is_in_order,
    streams_of_dlpack,
    another_gpu,
    a_thread_without_a_context,
    plans,
    a_plan_may_go_while_its_kernel_runs,
    an_empty_batch_without_an_address,
    what_is_refused,
    errors_of_the_driver_have_their_names,
    operators_made_of_others,
    tuning,
    the_backend_moves_arrays,
)


def main() -> None:
    warnings.simplefilter("ignore", numconv.PerformanceWarning)
    DRIVER.load(Path(sys.argv[1]), FUNCTIONS)
    # This driver's machine code is PTX.
    compiling.assemble = lambda text, capability: (text.encode(), "")
    wrong = {}
    for scene in SCENES:
        try:
            scene()
            DRIVER.finish()
            assert not DRIVER.faults, DRIVER.faults
            assert not DRIVER.unknown, DRIVER.unknown
        except BaseException:
            wrong[scene.__name__] = traceback.format_exc()
        DRIVER.faults.clear()
    print(json.dumps(wrong))
    sys.stdout.flush()
    # What is left is freed no more: the driver is Python, too, and may be gone before it.
    os._exit(0)


if __name__ == "__main__":
    main()
