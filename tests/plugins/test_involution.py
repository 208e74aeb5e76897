"""How involutions are laid over registers and cut into tasks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import numconv
from numconv.core.problems import InvolutionProblem

pytest.importorskip("numba")

from numconv_cpu.algorithms.involution.blocking import choose, longest
from numconv_cpu.simd.machine import MACHINES

# Shape of x, groups, kernel shape, and parameters.
LAYERS = {
    "rows_shared": ((1, 20, 13, 35), 4, (7, 7), {"padding": 3}),
    "narrower_than_a_vector": ((2, 12, 7, 7), 2, (7, 7), {"padding": 3}),
    "fewer_rows_than_a_tile": ((1, 10, 3, 18), 2, (3, 3), {"padding": 1}),
    "few_columns": ((1, 8, 9, 3), 2, (3, 3), {"padding": 1}),
    "two_channels_a_group": ((1, 4, 9, 18), 2, (3, 5), {"padding": (1, 2)}),
    "one_column": ((1, 4, 19, 1), 1, (3, 1), {"padding": (1, 0)}),
    "channels_alone": ((1, 3, 17, 18), 3, (3, 3), {"padding": 1}),
    "stride_2": ((1, 10, 15, 30), 2, (5, 5), {"padding": 2, "stride": 2}),
    "stride_3_dilation_2": ((1, 8, 31, 29), 1, (3, 3), {"padding": 2, "stride": 3, "dilation": 2}),
    "rows_apart": ((1, 8, 24, 21), 2, (3, 5), {"padding": 4, "dilation": 2}),
    "rows_too_far_apart": ((1, 8, 13, 21), 2, (3, 3), {"padding": 6, "dilation": 6}),
    "along_x": ((1, 6, 1000), 2, (31,), {"padding": 15}),
    "along_x_cut": ((1, 8, 9001), 1, (35,), {"padding": 17}),
    "along_x_dilated": ((1, 8, 1003), 1, (31,), {"padding": 45, "dilation": 3}),
    "along_x_channels_alone": ((1, 3, 1000), 3, (5,), {"padding": 2}),
    "volume": ((1, 6, 5, 9, 11), 2, (3, 3, 3), {"padding": 1}),
    "reflected": ((1, 6, 9, 20), 2, (3, 3), {"padding": 1, "padding_mode": "reflect"}),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_layers(name: str, dtype: str) -> None:
    shape, groups, kernel, parameters = LAYERS[name]
    rng = np.random.default_rng(3)
    x = rng.integers(-9, 9, shape).astype(dtype)
    function = {3: numconv.involution1d, 4: numconv.involution2d, 5: numconv.involution3d}[x.ndim]
    settings = {"stride": 1, "padding": 0, "dilation": 1, **parameters}
    padding = np.broadcast_to(settings["padding"], x.ndim - 2)
    reach = settings["dilation"] * (np.array(kernel) - 1) + 1
    result = (np.array(shape[2:]) + 2 * padding - reach) // settings["stride"] + 1
    kernels = rng.integers(-9, 9, (shape[0], groups, *kernel, *result)).astype(dtype)
    bias = rng.integers(-9, 9, shape[1]).astype(dtype)
    ref = function(x, kernels, bias=bias, activation="relu", backend="reference", **parameters)
    got = function(
        x,
        kernels,
        bias=bias,
        activation="relu",
        backend="cpu",
        algorithm="involution",
        **parameters,
    )
    np.testing.assert_array_equal(got, ref)


def test_few_tiles() -> None:
    # Each of them costs seconds to compile.
    tiles = set()
    for channels, height, width in itertools.product(
        (1, 2, 3, 4, 7), (1, 3, 14), (1, 5, 7, 14, 99)
    ):
        pads = ((1, 1), (1, 1))
        problem = InvolutionProblem(
            1, channels, (height, width), (3, 3), (1, 1), pads, dilation=(1, 1)
        )
        tiles.add(choose(problem, MACHINES["avx512"], 4).tile)
    assert tiles == {(4, 4, 16), (4, 4, 8), (8, 1, 16), (8, 1, 8)}


def test_longest_part() -> None:
    assert longest(14, 3, 4) == 6
    assert longest(7, 1, 8) == 7
    assert longest(112, 4, 4) == 28
