"""`numconv shape`: the same numbers as the operators, stacks, overlap and drawings."""

from __future__ import annotations

import inspect
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv.cli import drawing
from numconv.cli.arithmetic import Window
from numconv.core import plugins

Run = Callable[..., Any]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--kernel", "3", "--padding", "1"), id="same"),
        pytest.param(("--kernel", "3x5", "--stride", "2x1", "--dilation", "2"), id="per_axis"),
        pytest.param(("--kernel", "4", "--padding", "0:1,2:2", "--groups", "2"), id="uneven"),
        pytest.param(("--kernel", "3", "--padding", "full", "--out-channels", "8"), id="full"),
    ],
)
@pytest.mark.parametrize("name", ["direct", "transposed"])
def test_output_is_what_a_run_gives(numconv: Run, name: str, options: tuple[str, ...]) -> None:
    facts = numconv("shape", "--op", name, "--input-shape", "4x11x13", *options, "--json").json
    ran = numconv(
        *("run", "--op", name, "--shape", "1x4x11x13", *options, "--json"),
        *("--backend", "reference", "--repeat", "1"),
    )
    assert ran.status == 0, ran.err
    assert facts["output_shape"] == ran.json["result_shape"][1:]
    assert facts["macs"] == ran.json["macs"]
    assert facts["parameters"] == np.prod(ran.json["operands"]["weight"])


@pytest.mark.parametrize(("shape", "axes"), [("3x32", 1), ("3x16x16", 2), ("2x8x8x8", 3)])
def test_one_to_three_axes(numconv: Run, shape: str, axes: int) -> None:
    facts = numconv("shape", "--input-shape", shape, "--json").json
    assert len(facts["receptive_field"]) == axes


def test_layers_in_a_row(numconv: Run) -> None:
    layers = ("--layer", "k=7,s=2,p=3,c=64", "--layer", "kernel=3,s=2,p=1")
    facts = numconv("shape", "--input-shape", "3x224x224", *layers, "--json").json
    assert facts["output_shape"] == [64, 56, 56]
    assert facts["receptive_field"] == [11, 11]
    assert facts["jump"] == [4, 4]
    assert facts["parameters"] == 64 * 3 * 49 + 64 * 64 * 9
    plain = numconv("shape", "--input-shape", "3x224x224", *layers).out
    assert "11x11" in plain
    assert "64x56x56" in plain


def test_uneven_overlap_is_called_so(numconv: Run) -> None:
    uneven = numconv("shape", "--op", "transposed", "--kernel", "3", "--json").json["overlap"]
    assert uneven["taps_per_output"] == [[4, 2], [2, 1]]
    assert uneven["unevenness"] == pytest.approx(4 / 3, abs=1e-3)
    assert "4x4" in uneven["suggestion"]
    assert "interpolation" in uneven["suggestion"]
    plain = numconv("shape", "--op", "transposed", "--kernel", "3").out
    assert "checkerboard" in plain


def test_even_overlap_needs_no_suggestion(numconv: Run) -> None:
    even = numconv("shape", "--op", "transposed", "--kernel", "4", "--json").json["overlap"]
    assert even["unevenness"] == 0
    assert even["suggestion"] is None


def test_involution_learns_nothing_by_itself(numconv: Run) -> None:
    facts = numconv("shape", "--op", "involution", "--input-shape", "32x14x14", "--json").json
    assert facts["parameters"] == 0
    assert facts["output_shape"] == [32, 14, 14]


def _pixels(path: str) -> set[tuple[int, int, int]]:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.int32) @ (1 << 16, 1 << 8, 1)
    return {(int(p) >> 16, int(p) >> 8 & 255, int(p) & 255) for p in np.unique(pixels)}


def test_drawing_shows_taps_padding_and_output(numconv: Run) -> None:
    ended = numconv(
        *("shape", "--input-shape", "3x9x9", "--stride", "2", "--padding", "1", "--draw", "d.png")
    )
    assert ended.status == 0
    assert {drawing._TAP, drawing._PADDED, drawing._SAMPLE, drawing._OUTPUT} <= _pixels("d.png")


@pytest.mark.parametrize("shape", ["3x7", "3x5x6", "3x400x300", "2x5x5x5"])
@pytest.mark.parametrize("name", ["direct", "transposed", "involution"])
def test_every_rank_and_size_can_be_drawn(numconv: Run, name: str, shape: str) -> None:
    kernel = ("--kernel", "3", "--input-shape", shape)
    ended = numconv("shape", "--op", name, *kernel, "--draw", "d.png")
    assert ended.status == 0, ended.err
    assert len(_pixels("d.png")) > 3


HUGE = "100000000"
LARGE = {
    "tall": ("--input-shape", f"3x{HUGE}x3"),
    "all": ("--input-shape", f"3x{HUGE}x{HUGE}", "--kernel", HUGE),
    "kernel": ("--input-shape", "3x9x9", "--kernel", HUGE, "--padding", "full"),
    "apart": ("--input-shape", f"3x{HUGE}", "--dilation", "9999999", "--stride", "99999"),
    "padding": ("--padding", HUGE),
    "kernels": ("--op", "involution", "--input-shape", f"16x{HUGE}x{HUGE}", "--kernel", "31"),
    "transposed": ("--op", "transposed", "--input-shape", f"3x{HUGE}x{HUGE}"),
    "layers": ("--input-shape", f"3x{HUGE}x{HUGE}", "--layer", f"k={HUGE}", "--layer", "k=1"),
}


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fails a test that takes 64 MB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6


@pytest.mark.parametrize("case", LARGE)
@pytest.mark.usefixtures("little_memory")
def test_the_beginning_of_what_is_large_is_drawn(numconv: Run, case: str) -> None:
    assert numconv("shape", *LARGE[case], "--draw", "d.png").status == 0
    with Image.open("d.png") as drawn:
        assert max(drawn.size) < 3000


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--kernel", HUGE), "kernel=100000000: expected less, to be drawn"),
        (("--stride", f"1x{HUGE}"), "stride=100000000: expected less, to be drawn"),
        (("--dilation", HUGE), "dilation=100000000: expected less, to be drawn"),
        (("--kernel", "129"), "kernel=129: expected less, .*2 samples make 129 outputs"),
        (
            ("--padding", "40000000", "--input-shape", f"3x{HUGE}x{HUGE}"),
            "padding=40000000: expected less, to be drawn",
        ),
    ],
)
@pytest.mark.usefixtures("little_memory")
def test_what_is_too_large_to_draw_is_refused_at_once(
    numconv: Run, options: tuple[str, ...], expected: str
) -> None:
    ended = numconv("shape", "--op", "transposed", *options, "--draw", "d.png")
    assert re.search(expected, ended.complaint)
    assert not Path("d.png").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--kernel", HUGE), f"kernel='{HUGE}x{HUGE}': expected at most 1000000 samples"),
        (("--stride", "300"), "stride='300x300': expected at most 65536 samples"),
        (("--stride", HUGE), f"stride='{HUGE}x{HUGE}': expected at most 65536 samples"),
    ],
)
@pytest.mark.usefixtures("little_memory")
def test_taps_are_counted_where_memory_suffices(
    numconv: Run, options: tuple[str, ...], expected: str
) -> None:
    assert expected in numconv("shape", "--op", "transposed", *options).complaint


def test_a_large_pattern_of_taps_is_told_in_few_words(numconv: Run) -> None:
    call = ("shape", "--op", "transposed", "--kernel", "25", "--stride", "10x9")
    assert "4 to 9, in a pattern of 10x9, repeating every stride" in numconv(*call).out
    assert np.shape(numconv(*call, "--json").json["overlap"]["taps_per_output"]) == (10, 9)


def test_drawn_are_the_samples_that_outputs_see(numconv: Run) -> None:
    """Taps further apart than a stride leave out none; a stride beyond the kernel does."""
    assert drawing._seen(3, 20, Window(3, 2, dilation=3)) == {0, 2, 4, 3, 5, 7, 6, 8, 10}
    assert drawing._seen(99, 8, Window(1, 3)) == {0, 3, 6}


BAD = {
    "no_axis": (("--input-shape", "3"), "C and one to three"),
    "kernel_too_large": (("--kernel", "99"), "at least as long as the kernel"),
    "unknown_key": (("--layer", "k=3,q=1"), "q=1"),
    "two_groups": (("--layer", "k=3,g=2x2"), "one integer"),
    "layers_and_options": (("--layer", "k=3", "--stride", "2"), "leave out"),
    "composite": (("--op", "resize"), "not made of others"),
    "unknown_operator": (("--op", "nope"), "op='nope'"),
    "unknown_format": (("--draw", "x.foo"), "name ending in"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_call_gives_one_line_and_exits_2(numconv: Run, case: str) -> None:
    arguments, expected = BAD[case]
    assert expected in numconv("shape", *arguments).complaint


def test_every_operator_of_one_problem_has_a_shape(numconv: Run) -> None:
    for name, operator in plugins.operators().items():
        if any("stride" in inspect.get_annotations(kind) for kind in operator.naive):
            ended = numconv("shape", "--op", name, "--input-shape", "12x16x16")
            assert ended.status == 0, ended.err


def test_a_filter_is_no_layer(numconv: Run) -> None:
    assert (
        "expected an operator whose problem is a layer"
        in numconv("shape", "--op", "filter", "--input-shape", "12x16x16").complaint
    )
