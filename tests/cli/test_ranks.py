"""Every operator on signals, pictures and volumes: what runs, and what says why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv as library
from numconv.cli import ranks
from numconv.core import plugins

Run = Callable[..., Any]
SMALL = ("--repeat", "1", "--backend", "reference")

SHAPES = {
    "signal": (("--shape", "4x30"), 1),
    "signals": (("--shape", "2x4x17", "--axes", "NCL"), 1),
    "picture": (("--shape", "4x11x13"), 2),
    "pictures": (("--shape", "2x4x11x13"), 2),
    "volume": (("--shape", "4x7x8x9", "--axes", "CDHW"), 3),
    "volumes": (("--shape", "2x4x7x8x9"), 3),
}
NONE = {
    ("flattened", 1): "--op pointwise, then --op depthwise",
    ("flattened", 3): "--op pointwise, then --op separable",
    ("separable", 1): "--op depthwise",
}
"""By operator and number of spatial axes: the advice, where there is no such operator."""

TABLE = [(op, kind) for op in sorted(plugins.operators()) for kind in SHAPES]


@pytest.mark.parametrize(("op", "kind"), TABLE)
def test_operator_on_one_to_three_axes(numconv: Run, op: str, kind: str) -> None:
    arguments, axes = SHAPES[kind]
    ended = numconv("run", "--op", op, *arguments, *SMALL, "--check", "--json")
    if (op, axes) in NONE:
        assert f"op='{op}': expected {NONE[op, axes]}, for an input of {axes}" in ended.complaint
        return
    assert ended.status == 0, ended.err
    assert ended.json["check"]["passed"]
    assert len(ended.json["result_shape"]) == len(ended.json["operands"]["x"])


@pytest.mark.parametrize(("op", "kind"), TABLE)
def test_explained_as_it_runs(numconv: Run, op: str, kind: str) -> None:
    arguments, axes = SHAPES[kind]
    ended = numconv("explain", op, *arguments, "--json")
    if (op, axes) in NONE:
        assert NONE[op, axes] in ended.complaint
    else:
        ran = numconv("run", "--op", op, *arguments, *SMALL, "--json").json
        assert ended.json["result_shape"] == ran["result_shape"]
        assert ended.json["operands"] == ran["operands"]


def test_every_function_by_rank_is_known() -> None:
    for name, functions in ranks._FUNCTIONS.items():
        for axes in (1, 2, 3):
            function = getattr(library, f"{name}_conv{axes}d", None)
            assert (axes in functions) == (function is not None)
            if function is not None:
                assert functions[axes][0] is function


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        ("direct", {"weight": [4, 4, 3, 3, 5]}),
        ("depthwise_separable", {"depthwise_weight": [4, 1, 3, 3, 5]}),
        ("separable", {"depth": [3], "column": [3], "row": [5]}),
        ("involution", {"kernels": [1, 3, 3, 5, 6, 7, 8]}),
    ],
)
def test_a_kernel_of_three_sizes_means_three_axes(
    numconv: Run, op: str, operands: dict[str, Any]
) -> None:
    arguments = ("--op", op, "--shape", "4x6x7x8", "--kernel", "3x3x5", "--padding", "same")
    facts = numconv("run", *arguments, *SMALL, "--json").json
    assert facts["result_shape"] == [4, 6, 7, 8]
    assert operands.items() <= facts["operands"].items()


def test_weights_tell_the_number_of_axes(numconv: Run) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5, 6, 7)).astype(np.float32)
    vectors = [rng.standard_normal(3).astype(np.float32) for _ in range(3)]
    np.save("x.npy", x)
    for name, vector in zip("dcr", vectors, strict=True):
        np.save(f"{name}.npy", vector)
    call = ("run", "--op", "separable", "--input", "x.npy", *SMALL, "--output", "y.npy")
    three = [word for name in "dcr" for word in ("--weight", f"{name}.npy")]
    assert numconv(*call, *three).status == 0
    np.testing.assert_allclose(
        np.load("y.npy"), library.separable_conv3d(x, *vectors), rtol=1e-5, atol=1e-5
    )
    assert numconv(*call, *three[2:]).status == 0
    np.testing.assert_allclose(
        np.load("y.npy"), library.separable_conv2d(x, *vectors[1:]), rtol=1e-5, atol=1e-5
    )


def test_channels_of_a_single_picture_are_shuffled(numconv: Run) -> None:
    x = np.arange(6 * 2 * 3, dtype=np.float32).reshape(6, 2, 3)
    np.save("x.npy", x)
    call = ("run", "--op", "channel_shuffle", "--input", "x.npy", "--groups", "2")
    assert numconv(*call, "--repeat", "1", "--output", "y.npy").status == 0
    np.testing.assert_array_equal(np.load("y.npy"), x[[0, 3, 1, 4, 2, 5]])


def test_a_sound_goes_through_operators_for_signals(numconv: Run, tmp_path: Path) -> None:
    from numconv.cli import sounds

    samples = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 400)).astype(np.float32)
    sounds.write(tmp_path / "s.wav", sounds.Sound(samples, 8000, "PCM_16"))
    for op in ("direct", "depthwise_separable", "dilated", "transposed", "grouped"):
        ended = numconv("run", "--op", op, "s.wav", "--kernel", "4", *SMALL, "-o", f"{op}.wav")
        assert ended.status == 0, ended.err
        assert sounds.read("input", tmp_path / f"{op}.wav").samples.shape[0] == 2
    assert "--op depthwise," in numconv("run", "--op", "separable", "s.wav").complaint


@pytest.mark.parametrize("op", ["separable", "involution"])
def test_channels_that_are_kept_cannot_be_chosen(numconv: Run, op: str) -> None:
    call = ("run", "--op", op, "--shape", "4x9x9", "--kernel", "3", *SMALL)
    assert "out_channels=5: expected 4" in numconv(*call, "--out-channels", "5").complaint
    assert numconv(*call, "--out-channels", "4").status == 0
