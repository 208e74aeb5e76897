"""Plans that are copied or pickled: the same bits, here and in another process."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import plugins

RNG = np.random.default_rng(23)


def values(*shape: int, dtype: str = "float32") -> Any:
    made = 3 * RNG.standard_normal(shape)
    if dtype.startswith("complex"):
        made = made + 1j * RNG.standard_normal(shape)
    return made.astype(dtype)


def spoiled(*shape: int) -> Any:
    made = values(*shape)
    made.flat[3] = np.inf
    return made


SQUARE = values(8, 8, 3, 3)
# Function, shape of x, what is bound, parameters, and the algorithm that has to be there.
CASES: dict[str, tuple[str, tuple[int, ...], tuple[Any, ...], dict[str, Any], str]] = {
    "direct": ("conv2d", (2, 8, 9, 9), (SQUARE,), {"algorithm": "direct"}, "cpu/direct"),
    "epilogue": (
        *("conv2d", (8, 9, 9), (SQUARE,)),
        {"bias": values(8), "activation": "relu", "algorithm": "direct"},
        "cpu/direct",
    ),
    "grouped": (
        "shuffled_conv2d",
        (1, 8, 9, 9),
        (values(6, 4, 3, 3),),
        {"groups": 2},
        "cpu/direct",
    ),
    "pointwise": ("conv2d", (1, 8, 9, 9), (values(5, 8, 1, 1),), {}, "cpu/pointwise"),
    "winograd": (
        *("conv2d", (1, 16, 17, 17), (values(16, 16, 3, 3),)),
        *({"algorithm": "winograd"}, "cpu/winograd"),
    ),
    "infinite": (
        *("conv2d", (1, 16, 17, 17), (spoiled(16, 16, 3, 3),)),
        {"algorithm": "winograd"},
        "cpu/winograd",
    ),
    "fft": ("conv2d", (1, 2, 33, 33), (values(2, 2, 9, 9),), {"algorithm": "fft"}, "cpu/fft"),
    "spectral": (
        *("conv2d", (1, 1, 65, 65), (values(1, 1, 31, 31),)),
        {"algorithm": "spectral", "padding": 2, "padding_mode": "reflect"},
        "cpu/spectral",
    ),
    "depthwise": ("conv2d", (1, 8, 9, 9), (values(8, 1, 3, 3),), {"groups": 8}, "cpu/depthwise"),
    "transposed": (
        *("conv_transpose2d", (1, 8, 9, 9), (SQUARE,)),
        {"stride": 2, "algorithm": "transposed"},
        "cpu/transposed",
    ),
    "scattered": (
        *("conv_transpose2d", (1, 8, 9, 9), (SQUARE,)),
        {"stride": 2, "algorithm": "scattered"},
        "cpu/scattered",
    ),
    "involution": (
        *("involution2d", (1, 8, 9, 9), (values(1, 2, 3, 3, 7, 7),)),
        *({}, "cpu/involution"),
    ),
    "nothing_bound": (
        "conv2d",
        (1, 8, 9, 9),
        ((8, 8, 3, 3),),
        {"algorithm": "direct"},
        "cpu/direct",
    ),
    "window_mean": ("window_mean", (9, 11), (), {"size": (1, 3)}, "cpu/bands"),
    "loops": ("conv2d", (1, 8, 9, 9), (SQUARE,), {"algorithm": "loops"}, "cpu/loops"),
    "float16": (
        *("conv2d", (1, 8, 9, 9), (SQUARE.astype("float16"),)),
        *({"algorithm": "direct"}, "cpu/direct"),
    ),
    "complex64": (
        *("conv_transpose2d", (1, 4, 9, 9), (values(4, 4, 3, 3, dtype="complex64"),)),
        *({"stride": 2, "algorithm": "transposed"}, "cpu/transposed"),
    ),
    "int32": (
        *("conv2d", (1, 8, 9, 9), (SQUARE.astype("int32"),)),
        *({"algorithm": "direct"}, "cpu/direct"),
    ),
    "reference": ("conv2d", (1, 8, 9, 9), (SQUARE,), {"backend": "reference"}, "reference/naive"),
    "torch": ("conv2d", (1, 8, 9, 9), (SQUARE,), {"backend": "torch"}, "torch/functional"),
    "scipy": ("conv2d", (1, 8, 9, 9), (SQUARE,), {"backend": "scipy"}, "scipy/direct"),
}


def planned(name: str) -> tuple[Any, tuple[Any, ...]]:
    """Return the plan of a case, and what to call it with."""
    function, shape, rest, parameters, solver = CASES[name]
    backend = solver.partition("/")[0]
    if plugins.status(plugins.backend(backend, "")).state == "unavailable":
        pytest.skip(f"the backend {backend} is unavailable")
    arrays = [each for each in rest if isinstance(each, np.ndarray)]
    dtype = str(arrays[0].dtype) if arrays else "float32"
    plan = numconv.plan(function, shape, *rest, dtype=dtype, **parameters)
    assert plan.describe().startswith(solver + ":")
    free = [values(*shape).astype(dtype)]
    free += [values(*each) for each in rest if not isinstance(each, np.ndarray)]
    return plan, tuple(free)


@pytest.mark.parametrize("name", CASES)
def test_a_copy_gives_the_same_bits(name: str) -> None:
    plan, arrays = planned(name)
    expected = plan(*arrays)
    read = pickle.loads(pickle.dumps(plan))
    for each in (copy.copy(plan), copy.deepcopy({"layer": plan})["layer"], read):
        assert each.describe() == plan.describe()
        got = each(*arrays)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        assert got.tobytes() == expected.tobytes()
    # Once more: what came back knows its weight as well as what was pickled.
    assert pickle.loads(pickle.dumps(read))(*arrays).tobytes() == expected.tobytes()


CHILD = """
import pickle, sys
for plan, arrays, expected in pickle.load(open(sys.argv[1], "rb")):
    assert plan(*arrays).tobytes() == expected, plan.describe()
print("same")
"""


def test_a_plan_is_found_again_in_another_process(tmp_path: Path) -> None:
    found = []
    for name in ("direct", "winograd", "fft", "depthwise", "scattered", "involution"):
        plan, arrays = planned(name)
        found.append((plan, arrays, plan(*arrays).tobytes()))
    path = tmp_path / "plans"
    path.write_bytes(pickle.dumps(found))
    command = [sys.executable, "-c", CHILD, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "same\n", done.stderr


def test_what_the_caller_does_to_his_weight_does_not_come_back() -> None:
    weight = SQUARE.copy()
    plan = numconv.plan("conv2d", (1, 8, 9, 9), weight, algorithm="direct")
    x = values(1, 8, 9, 9)
    expected = plan(x)
    weight[:] = 0
    assert pickle.loads(pickle.dumps(plan))(x).tobytes() == expected.tobytes()


def test_a_plan_by_an_algorithm_that_is_not_there_is_a_named_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = pickle.dumps(numconv.plan("conv2d", (1, 8, 9, 9), SQUARE, backend="reference"))
    others = {name: each for name, each in plugins.backends().items() if name != "reference"}
    monkeypatch.setattr(plugins, "backends", lambda: others)
    with pytest.raises(numconv.ArgumentError, match="backend='reference'"):
        pickle.loads(data)


def test_addresses_of_compiled_code_are_never_pickled() -> None:
    if find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    compiled = ("direct", "winograd", "fft", "depthwise", "scattered", "involution", "loops")
    for name in (*compiled, "window_mean"):
        plan, _ = planned(name)
        with pytest.raises(TypeError, match="addresses of this process"):
            pickle.dumps(plan._call.plan)


WEIGHTS: dict[str, tuple[str, str, tuple[int, ...], dict[str, Any]]] = {
    "line": ("direct", "conv1d", (3, 2, 5), {"stride": 3}),
    "dilated": ("direct", "conv2d", (7, 5, 3, 2), {"dilation": 2}),
    "volume": ("direct", "conv3d", (3, 2, 2, 3, 1), {}),
    "over_a_million": ("direct", "conv1d", (1030, 1020, 1), {}),
    "longer_stride": ("transposed", "conv_transpose2d", (5, 7, 3, 2), {"stride": 4}),
    "folded": (
        *("transposed", "conv_transpose1d", (5, 7, 3)),
        {"padding": 2, "padding_mode": "circular"},
    ),
    "scattered": ("scattered", "conv_transpose2d", (5, 7, 3, 2), {"stride": 3}),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_prepared_weight_tells_the_weight(name: str) -> None:
    algorithm, function, shape, parameters = WEIGHTS[name]
    x = (1, shape["transpose" not in function], *[13] * (len(shape) - 2))
    weight = values(*shape)
    weight.flat[1:3] = 1e30, -0.0
    plan = numconv.plan(function, x, weight, algorithm=algorithm, **parameters)
    given = plan._call.plan.prepare(weight).given
    np.testing.assert_array_equal(given, weight)
    assert np.array_equal(np.signbit(given), np.signbit(weight))
