"""`--axes`: arrays are taken as operators have them, and given back as they were."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import numconv as library
from numconv.cli import sounds
from numconv.cli.axes import Axes

Run = Callable[..., Any]
SMALL = ("--repeat", "1", "--backend", "reference")

# As operators have them: (C, D, H, W) or so, and how the letters arrange it.
ORDERS = {
    "DHW": (1, (5, 6, 7)),
    "ZYX": (1, (5, 6, 7)),
    "XYZ": (1, (5, 6, 7)),
    "CDHW": (2, (5, 6, 7)),
    "DHWC": (2, (5, 6, 7)),
    "ZCYX": (2, (5, 6, 7)),
    "NDHWC": (2, (5, 6, 7)),
    "HW": (1, (6, 7)),
    "WH": (1, (6, 7)),
    "HWC": (2, (6, 7)),
    "YXC": (2, (6, 7)),
    "NYX": (1, (6, 7)),
    "NHWC": (2, (6, 7)),
    "CHWN": (2, (6, 7)),
    "L": (1, (9,)),
    "LC": (2, (9,)),
    "NCL": (2, (9,)),
    "X": (1, (9,)),
}


def _arrays(letters: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return an array of axes `letters`, and the same as an operator has it."""
    channels, spatial = ORDERS[letters]
    batch = (3,) if "N" in letters else ()
    taken = np.random.default_rng(0).standard_normal((*batch, channels, *spatial))
    alike = letters.translate(str.maketrans("ZYX", "DHW" if len(spatial) > 1 else "DHL"))
    order = "N" * len(batch) + "C" + ("L" if len(spatial) == 1 else "DHW"[-len(spatial) :])
    given = taken
    if "C" not in letters:
        given, order = given.squeeze(len(batch)), order.replace("C", "")
    return given.transpose([order.index(each) for each in alike]), taken


@pytest.mark.parametrize("letters", ORDERS)
def test_array_is_filtered_and_given_back_in_its_own_order(numconv: Run, letters: str) -> None:
    given, taken = _arrays(letters)
    axes = len(ORDERS[letters][1])
    kernel = np.random.default_rng(1).standard_normal((3, 5, 3)[:axes])
    np.save("x.npy", given)
    np.save("k.npy", kernel)
    call = ("run", "--input", "x.npy", "--axes", letters, "--weight", "k.npy", *SMALL)
    ended = numconv(*call, "--padding", "same", "--padding-mode", "zeros", "-o", "y.npy")
    assert ended.status == 0, ended.err
    channels = ORDERS[letters][0]
    weight = np.ascontiguousarray(np.broadcast_to(kernel, (channels, 1, *kernel.shape)))
    convolve = getattr(library, f"conv{axes}d")
    expected = convolve(taken, weight, padding="same", groups=channels)
    result = np.load("y.npy")
    assert result.shape == given.shape
    assert result.flags.c_contiguous
    np.testing.assert_allclose(Axes(letters).take(result), expected, atol=1e-12)


@pytest.mark.parametrize("letters", ORDERS)
def test_what_is_taken_is_given_back(letters: str) -> None:
    given, taken = _arrays(letters)
    axes = Axes(letters)
    np.testing.assert_array_equal(axes.take(given), taken)
    np.testing.assert_array_equal(axes.give(axes.take(given)), given)


def test_new_channels_come_first_where_there_was_no_axis_of_them(numconv: Run) -> None:
    np.save("x.npy", np.ones((5, 6, 7), np.float32))
    np.save("w.npy", np.ones((4, 1, 1, 1, 1), np.float32))
    call = ("run", "--input", "x.npy", "--axes", "DHW", "--weight", "w.npy", "-o", "y.npy")
    ended = numconv(*call, *SMALL)
    assert np.load("y.npy").shape == (4, 5, 6, 7)
    assert "written as CDHW" in ended.err


def test_axes_are_printed(numconv: Run) -> None:
    call = ("run", "--shape", "6x7x2", "--axes", "hwc", *SMALL)
    facts = numconv(*call, "--json").json
    assert facts["axes"] == "HWC"
    assert facts["operands"]["x"] == [2, 6, 7]
    assert "axes        HWC, taken as CHW\n" in numconv(*call).out
    assert numconv("run", "--shape", "2x6x7", *SMALL, "--json").json["axes"] is None


def test_axes_of_a_shape_for_other_commands(numconv: Run) -> None:
    shape = ("--shape", "6x7x3x2", "--axes", "HWDC", "--backend", "reference")
    facts = numconv("explain", "direct", *shape, "--json").json
    assert facts["operands"] == {"x": [2, 3, 6, 7], "weight": [2, 2, 3, 3, 3]}
    tuned = numconv("tune", *shape, "--json").json["layers"][0]["problem"]
    assert "input_shape=(3, 6, 7)" in tuned
    for command in ("explain", "tune"):
        suite = ("--suite", "tiny") if command == "tune" else ()
        assert "of a --shape" in numconv(command, *suite, "--axes", "HWDC").complaint


BAD = {
    "unknown": (("--axes", "CTHW"), "'CTHW': expected a letter for each axis"),
    "repeated": (("--axes", "CHHW"), "'CHHW': expected .*none of them twice"),
    "repeated_by_another_name": (("--axes", "CZDW"), "none of them twice"),
    "no_spatial": (("--axes", "NC"), "'NC': expected"),
    "no_letters": (("--axes", ""), "'': expected"),
    "height_alone": (("--axes", "CH"), "'CH': expected"),
    "length_and_width": (("--axes", "CLW"), "'CLW': expected"),
    "too_few": (("--axes", "HW"), "axes='HW': expected 4 letters, .*4x5x6x7"),
    "too_many": (("--axes", "NCDHW"), "axes='NCDHW': expected 4 letters"),
}


@pytest.mark.parametrize("case", BAD)
def test_letters_that_say_nothing_give_one_error(numconv: Run, case: str) -> None:
    arguments, expected = BAD[case]
    np.save("x.npy", np.ones((4, 5, 6, 7), np.float32))
    for source in (("--input", "x.npy"), ("--shape", "4x5x6x7")):
        assert re.search(expected, numconv("run", *source, *arguments).complaint)


def test_pictures_and_sounds_have_axes_of_their_own(numconv: Run, tmp_path: Any) -> None:
    Image.new("L", (20, 20)).save("p.png")
    sounds.write(tmp_path / "s.wav", sounds.Sound(np.zeros((1, 50), np.float32), 8000, "PCM_16"))
    axes = ("--axes", "HW", "--weight", "box")
    expected = "expected an array in --input, or --shape, to name the axes of: a "
    assert expected + "picture" in numconv("run", "p.png", *axes).complaint
    assert expected + "picture" in numconv("run", *axes).complaint
    assert expected + "sound" in numconv("run", "s.wav", *axes, "-o", "t.wav").complaint
    assert expected + "picture" in numconv("run", "p.png", *axes, "-o", "folder/").complaint
    assert not (tmp_path / "folder").exists()


def test_kernels_by_name_lie_on_pictures_and_signals_alone(numconv: Run) -> None:
    np.save("x.npy", np.ones((5, 6, 7), np.float32))
    call = ("run", "--input", "x.npy", "--weight", "gaussian", *SMALL)
    assert numconv(*call, "--axes", "HWC", "-o", "y.npy").status == 0
    assert numconv(*call, "--axes", "NLC", "-o", "y.npy").status == 0
    complaint = numconv(*call, "--axes", "DHW").complaint
    assert "a .npy file with a kernel of 3 axes: those with a name have 1 or 2" in complaint


def test_operator_is_that_for_the_axes_named(numconv: Run) -> None:
    np.save("v.npy", np.ones(3, np.float32))
    vectors = ("--weight", "v.npy") * 2
    np.save("x.npy", np.ones((5, 6, 7), np.float32))
    call = ("run", "--op", "separable", "--input", "x.npy", "--axes", "DHW", *SMALL)
    assert "one --weight for each of depth, column, row" in numconv(*call, *vectors).complaint
    assert numconv(*call, *vectors, "--weight", "v.npy", "-o", "y.npy").status == 0
    assert np.load("y.npy").shape == (3, 4, 5)


def test_a_volume_becomes_a_sheet(numconv: Run) -> None:
    np.save("x.npy", np.random.default_rng(0).random((5, 16, 17), np.float32))
    call = ("run", "--input", "x.npy", "--axes", "ZYX", "--kernel", "3", *SMALL)
    assert numconv(*call, "-o", "sheet.png").status == 0
    with Image.open("sheet.png") as sheet:
        assert min(sheet.size) > 50
