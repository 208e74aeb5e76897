"""`numconv run`: what it computes, prints and writes, and how it ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv import filters
from numconv.cli import calls, images, inputs, measuring
from numconv.core import plugins

Run = Callable[..., Any]
SMALL = ("--repeat", "1", "--backend", "reference")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small photograph in a file."""
    pixels = (images.photograph()[:, ::8, ::8].transpose(1, 2, 0) * 255).astype(np.uint8)
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("name", sorted(plugins.operators()))
def test_operator_demonstrates_itself(numconv: Run, picture: Path, name: str) -> None:
    ended = numconv("run", "--op", name, "--input", picture, *SMALL, "--check", "--json")
    assert ended.status == 0, ended.err
    assert ended.json["check"]["passed"]
    with Image.open(f"{name}.png") as written:
        assert written.mode == "RGB"
        colours = np.unique(np.asarray(written, np.int32) @ (1 << 16, 1 << 8, 1))
    assert len(colours) > 50


@pytest.mark.parametrize("name", sorted(plugins.operators()))
def test_operator_runs_on_a_shape_alone(numconv: Run, name: str) -> None:
    ended = numconv("run", "--op", name, "--shape", "2x6x9x11", *SMALL, "--check", "--json")
    assert ended.status == 0, ended.err
    assert ended.json["operands"]["x"] == [2, 6, 9, 11]
    assert ended.json["check"]["passed"]
    assert ended.json["output"] is None
    assert not list(Path.cwd().iterdir())


def test_without_arguments_it_takes_the_photograph(numconv: Run) -> None:
    ended = numconv("run", *SMALL)
    assert ended.status == 0
    assert "3x320x480" in ended.out
    assert "direct.png" in ended.out
    assert Path("direct.png").is_file()


def test_table_says_what_ran(numconv: Run) -> None:
    ended = numconv("run", "--shape", "1,2,7,7", "--check", *SMALL)
    names = [line.split("  ")[0] for line in ended.out.splitlines()]
    wanted = {"operator", "x", "weight", "result", "dtype", "ran on", "first call", "time", "rate"}
    assert wanted | {"workspace", "check"} <= set(names)
    assert "reference/naive" in ended.out
    assert "median" in ended.out


def test_backend_is_chosen_where_none_is_asked_for(numconv: Run) -> None:
    stage = numconv("run", "--shape", "1x2x7x7", "--json").json["stages"][0]
    explained = numconv("explain", "direct", "--shape", "1x2x7x7", "--json").json["stages"][0]
    assert stage["backend"] == explained["backend"] == "cpu"
    assert stage["algorithm"] == explained["algorithm"]


def test_json_is_all_there_is_on_stdout(numconv: Run) -> None:
    facts = numconv("run", "--shape", "1x4x8x8", "--backend", "reference", "--json").json
    assert facts["stages"][0]["backend"] == "reference"
    assert facts["macs"] == 4 * 4 * 9 * 36
    assert len(facts["seconds"]["all"]) == 5
    assert facts["seconds"]["min"] <= facts["seconds"]["median"]
    assert facts["gflops"] == pytest.approx(2e-9 * facts["macs"] / facts["seconds"]["min"])
    assert facts["compile_seconds"] <= facts["first_call_seconds"]


def test_seed_decides_the_random_tensors(numconv: Run) -> None:
    def result(name: str, *seed: str) -> np.ndarray[Any, Any]:
        numconv("run", "--shape", "1x2x5x5", *SMALL, "--output", name, *seed)
        return np.load(name)

    first = result("a.npy")
    np.testing.assert_array_equal(first, result("b.npy"))
    assert not np.array_equal(first, result("c.npy", "--seed", "7"))


def test_named_kernel_is_applied_to_each_channel(numconv: Run, picture: Path) -> None:
    numconv("run", "--input", picture, "--weight", "sobel-x", *SMALL, "--output", "r.npy")
    x, kernel = images.read_image("input", picture), filters.kernel("sobel-x")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    expected = (windows * kernel).sum(axis=(-2, -1))
    np.testing.assert_allclose(np.load("r.npy"), expected, atol=1e-5)


def test_arrays_from_files_are_used(numconv: Run) -> None:
    x, weight = np.arange(24.0).reshape(1, 2, 12), np.ones((1, 2, 3))
    np.save("x.npy", x)
    np.savez("w.npz", weight=weight)
    ended = numconv(
        *("run", "--input", "x.npy", "--weight", "w.npz", "--output", "y.npz", "--stride", "2"),
        *SMALL,
    )
    assert ended.status == 0, ended.err
    expected = [x[0, :, at : at + 3].sum() for at in range(0, 10, 2)]
    np.testing.assert_allclose(np.load("y.npz")["result"][0, 0], expected)


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex64", "int8", "uint16"])
def test_dtype_is_taken(numconv: Run, dtype: str) -> None:
    ended = numconv(
        *("run", "--shape", "1x2x6x6", "--dtype", dtype, "--check", "--json", *SMALL),
    )
    assert ended.json["dtype"] == dtype
    assert ended.json["check"]["passed"]


def test_settings_reach_the_operator(numconv: Run) -> None:
    ended = numconv(
        *("run", "--op", "transposed", "--shape", "1x2x5x5", "--set", "output_padding=1"),
        *("--json", *SMALL),
    )
    assert ended.json["result_shape"] == [1, 2, 11, 11]


def test_empty_batch_gives_an_empty_result(numconv: Run) -> None:
    ended = numconv("run", "--shape", "0x2x5x5", "--check", "--json", *SMALL)
    assert ended.json["result_shape"] == [0, 2, 3, 3]
    assert ended.json["check"]["passed"]


@pytest.mark.parametrize("size", [(1, 1), (300, 15)])
def test_picture_too_small_to_demonstrate_on_is_refused(
    numconv: Run, size: tuple[int, int]
) -> None:
    Image.new("L", size).save("small.png")
    assert "at least 16x16 pixels" in numconv("run", "--input", "small.png").complaint
    assert numconv("run", "--input", "small.png", "--weight", "box", *SMALL).status == 0


def test_large_picture_is_reduced_for_a_demonstration_and_says_so(
    numconv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MOST_PIXELS", 1000)
    Image.new("RGB", (80, 40), "orange").save("large.png")
    facts = numconv("run", "--input", "large.png", *SMALL, "--json").json
    assert facts["operands"]["x"] == [3, 20, 40]
    assert "reduced 2 times" in facts["source"]
    facts = numconv("run", "--input", "large.png", "--weight", "box", *SMALL, "--json").json
    assert facts["operands"]["x"] == [3, 40, 80]


def test_the_first_call_counts_what_is_planned_and_compiled_ahead(
    numconv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained = calls.explained

    def slow(*arguments: Any) -> Any:
        time.sleep(0.2)
        return explained(*arguments)

    monkeypatch.setattr(calls, "explained", slow)
    facts = numconv("run", "--shape", "1x2x9x9", *SMALL, "--repeat", "2", "--json").json
    assert facts["first_call_seconds"] > 0.2
    assert 0.2 < facts["compile_seconds"] < facts["first_call_seconds"]
    assert facts["seconds"]["median"] < 0.1


def test_failed_check_exits_1(numconv: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    timed = measuring.timed

    def wrong(prepare: Any, call: Any, repeat: int) -> Any:
        prepared, result, timing = timed(prepare, call, repeat)
        result[0, 0, 2, 2] *= 1.01
        return prepared, result, timing

    monkeypatch.setattr(measuring, "timed", wrong)
    ended = numconv("run", "--shape", "1x2x9x9", *SMALL, "--check")
    assert ended.status == 1
    assert "FAILED" in ended.out


def test_missing_number_fails_the_check() -> None:
    expected = np.array([1.0, np.nan, 2.0])
    allowed = np.full(3, 1e-6)
    assert measuring.compare(expected.copy(), expected, allowed).passed
    assert not measuring.compare(np.array([1.0, np.nan, np.nan]), expected, allowed).passed
    assert not measuring.compare(np.array([1.0, 3.0, 2.0]), expected, allowed).passed


def test_interruption_exits_130(numconv: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(prepare: Any, call: Any, repeat: int) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "timed", interrupted)
    ended = numconv("run", "--shape", "1x2x9x9")
    assert ended.status == 130
    assert ended.err.strip() == "numconv: interrupted"


BAD = {
    "unknown_operator": (("--op", "nope"), r"op='nope': expected one of .*direct"),
    "unknown_backend": (("--backend", "nope"), r"backend='nope': expected .*cpu"),
    "unknown_algorithm": (("--algorithm", "nope"), "algorithm='nope'"),
    "unknown_dtype": (("--dtype", "int12"), "dtype='int12': expected one of .*float32"),
    "unknown_kernel": (("--weight", "soble-x"), "weight='soble-x': expected one of sobel-x"),
    "unknown_setting": (("--set", "scale=3"), "no parameter scale"),
    "unknown_option": (("--nope",), "--nope"),
    "unreadable_setting": (("--set", "scale"), "NAME=VALUE"),
    "unreadable_shape": (("--shape", "3y4"), "'3y4': expected integers"),
    "short_shape": (("--shape", "5"), "shape="),
    "zero_stride": (("--stride", "0"), "stride"),
    "unreadable_padding": (("--padding", "sane"), "one of valid, same"),
    "missing_file": (("--input", "none.png"), "none.png.*No such file"),
    "folder": (("--input", "."), "directory"),
    "missing_folder": (("--output", "none/x.png"), "no folder none"),
    "unknown_format": (("--output", "x.foo"), "name ending in"),
    "fractions_as_integers": (("--weight", "box", "--dtype", "uint8"), "weight exactly"),
    "kernel_too_large": (("--shape", "1x2x5x5", "--kernel", "9"), "at least as long as the kernel"),
    "groups_that_do_not_divide": (("--shape", "1x4x5x5", "--groups", "3"), "divisor of C_in=4"),
    "two_inputs": (("--shape", "1x4x5x5", "--input", "x.png"), "exclude each other"),
    "two_weights": (("--weight", "box", "--kernel", "3"), "weight's shape"),
    "groups_of_named_kernel": (("--weight", "box", "--groups", "3"), "leave out --groups"),
    "named_kernels": (("--op", "involution", "--weight", "box"), "no named kernels"),
    "missing_weight_shapes": (
        ("--op", "separable", "--shape", "1x2x9x9", "--weight-shape", "3"),
        "one for each of column, row",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_call_gives_one_line_and_exits_2(numconv: Run, case: str) -> None:
    arguments, expected = BAD[case]
    ended = numconv("run", *arguments)
    assert ended.out == ""
    assert re.search(expected, ended.complaint), ended.err


def test_unavailable_backend_says_what_is_missing(numconv: Run) -> None:
    unavailable = {
        name: each.status()
        for name, each in plugins.backends().items()
        if each.status().state == "unavailable"
    }
    for name, status in unavailable.items():
        complaint = numconv("run", "--op", "involution", "--backend", name).complaint
        assert status.reason in complaint
        assert status.remedy in complaint


def test_picture_of_many_channels_is_a_grid(numconv: Run) -> None:
    ended = numconv("run", "--shape", "1x50x8x8", *SMALL, "--output", "grid.png")
    assert ended.status == 0
    with Image.open("grid.png") as written:
        assert written.width > 2 * written.height / 2
