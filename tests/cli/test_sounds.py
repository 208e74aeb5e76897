"""Sounds and other signals: what is read, filtered and written, and what is refused."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from numconv import filters
from numconv.cli import waves

Run = Callable[..., Any]
SMALL = ("--backend", "reference")
RATE = 8_000


def _samples(channels: int, length: int = 211) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (channels, length))


def _write(name: str, samples: Any, width: int = 2, rate: int = RATE) -> None:
    """Write little-endian PCM, by the standard library alone."""
    numbers = np.rint(samples.T * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    numbers += 128 if width == 1 else 0
    with wave.open(name, "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(numbers.astype("<i8")[..., None].view(np.uint8)[..., :width].tobytes())


def _numbers(name: str) -> tuple[np.ndarray[Any, Any], int, int]:
    """Return the integers (C, L) in a file, its rate and its sample width."""
    with wave.open(name) as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8)
        wide = np.zeros((raw.size // width, 8), np.uint8)
        wide[:, 8 - width :] = raw.reshape(-1, width)
        numbers = wide.view("<i8")[:, 0] >> (64 - 8 * width)
        return numbers.reshape(-1, channels).T, file.getframerate(), width


@pytest.mark.parametrize("channels", [1, 2, 7])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sound_comes_back_as_it_was(numconv: Run, width: int, channels: int) -> None:
    _write("s.wav", _samples(channels), width)
    ended = numconv("run", "--input", "s.wav", "--weight", "identity", *SMALL, "--output", "t.wav")
    assert ended.status == 0, ended.err
    assert "note" not in ended.err
    before, after = _numbers("s.wav"), _numbers("t.wav")
    np.testing.assert_array_equal(after[0], before[0])
    assert after[1:] == before[1:] == (RATE, width)


def test_each_channel_is_filtered_by_itself(numconv: Run) -> None:
    _write("s.wav", _samples(2), 3, rate=44_100)
    numconv("run", "--input", "s.wav", "--weight", "hann", "--size", "5", *SMALL)
    before, _, _ = _numbers("s.wav")
    after, rate, width = _numbers("direct.wav")
    padded = np.pad(before, ((0, 0), (2, 2)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=1)
    np.testing.assert_allclose(after, (windows * filters.window("hann", 5)).sum(-1), atol=2)
    assert (rate, width) == (44_100, 3)


def test_bare_values_are_written(numconv: Run) -> None:
    _write("s.wav", _samples(2))
    numconv(
        *("run", "--input", "s.wav", "--weight", "identity", *SMALL, "--output", "t.npy"),
    )
    np.testing.assert_array_equal(np.load("t.npy") * 32768, _numbers("s.wav")[0])


def test_clipping_is_said(numconv: Run) -> None:
    _write("s.wav", np.full((1, 100), 0.9))
    np.save("loud.npy", np.array([2.0], np.float32))
    ended = numconv(
        *("run", "--input", "s.wav", "--weight", "loud.npy", "--output", "t.wav", *SMALL)
    )
    assert "100 samples (100 %) were louder than full scale" in ended.err
    assert (_numbers("t.wav")[0] == 32767).all()


def test_stride_keeps_the_duration(numconv: Run) -> None:
    _write("s.wav", _samples(1, 200))
    numconv("run", "--input", "s.wav", "--weight", "hann", "--stride", "2", *SMALL)
    after, rate, _ = _numbers("direct.wav")
    assert (after.shape, rate) == ((1, 100), RATE // 2)


def test_transposed_stride_keeps_the_duration(numconv: Run) -> None:
    _write("s.wav", _samples(1, 200))
    arguments = ("--weight", "hann", "--size", "4", "--stride", "2", "--padding", "1")
    numconv("run", "--op", "transposed", "--input", "s.wav", *arguments, *SMALL)
    after, rate, _ = _numbers("transposed.wav")
    assert (after.shape, rate) == ((1, 400), 2 * RATE)


@pytest.mark.parametrize("op", ["direct", "dilated", "depthwise", "transposed"])
def test_operators_of_one_axis_run(numconv: Run, op: str) -> None:
    _write("s.wav", _samples(2))
    facts = numconv(
        *("run", "--op", op, "--input", "s.wav", "--weight", "hann", "--size", "5", *SMALL),
        *("--check", "--json"),
    ).json
    assert facts["check"]["passed"]
    assert facts["operands"]["weight"] == [2, 1, 5]
    assert facts["output"] == f"{op}.wav"
    assert ("dilation" in facts["parameters"]) == (op == "dilated")


def test_involution_runs_with_kernels_of_its_own(numconv: Run) -> None:
    _write("s.wav", _samples(2))
    facts = numconv(
        *("run", "--op", "involution", "--input", "s.wav", "--kernel", "3", *SMALL, "--json")
    ).json
    assert facts["result_shape"] == [2, 211]


def test_signal_of_one_axis_stays_one(numconv: Run) -> None:
    signal = _samples(1)[0]
    np.save("x.npy", signal)
    numconv(
        "run", "--input", "x.npy", "--weight", "boxcar", "--size", "3", "--output", "y.npy", *SMALL
    )
    padded = np.pad(signal, 1, mode="edge")
    expected = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    np.testing.assert_allclose(np.load("y.npy"), expected, rtol=1e-13, atol=1e-15)


def test_array_of_two_axes_is_a_picture_or_rows(numconv: Run) -> None:
    """As the kernel is: of two axes, or of one."""
    rows = np.random.default_rng(0).normal(size=(7, 11))
    np.save("x.npy", rows)
    numconv("run", "--input", "x.npy", "--weight", "sobel-x", "--output", "p.npy", *SMALL)
    padded = np.pad(rows, 1, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    expected = (windows * filters.kernel("sobel-x")).sum(axis=(-2, -1))
    np.testing.assert_allclose(np.load("p.npy"), expected, atol=1e-6)
    arguments = ("--weight", "boxcar", "--size", "3", "--output", "r.npy")
    numconv("run", "--input", "x.npy", *arguments, *SMALL)
    padded = np.pad(rows, ((0, 0), (1, 1)), mode="symmetric")
    expected = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    np.testing.assert_allclose(np.load("r.npy"), expected, rtol=1e-6)


def test_kernel_in_a_file_lies_on_the_signal_as_it_is(numconv: Run) -> None:
    np.save("x.npy", np.arange(8.0))
    np.save("w.npy", np.array([0.0, 0.0, 1.0]))
    numconv("run", "--input", "x.npy", "--weight", "w.npy", "--output", "y.npy", *SMALL)
    assert np.load("y.npy").tolist() == [1, 2, 3, 4, 5, 6, 7, 7]


@pytest.mark.parametrize("length", [3, 999, 1001, 44_100])
def test_waves_are_drawn(numconv: Run, length: int) -> None:
    _write("s.wav", _samples(2, length))
    ended = numconv(
        "run", "--input", "s.wav", "--weight", "hann", "--size", "3", "--output", "w.png"
    )
    assert ended.status == 0, ended.err
    with Image.open("w.png") as drawn:
        assert drawn.width == 1032
        colours = {colour for _, colour in drawn.getcolors(100_000) or ()}
    assert {(60, 110, 180), (200, 90, 40)} <= colours


def test_many_channels_and_silence_are_drawn() -> None:
    silent = np.zeros((11, 50))
    drawn = waves.sheet([("input", silent, 100), ("output", silent[:, :0], None)], "nothing")
    assert drawn.width == 1032


def _truncated() -> bytes:
    _write("s.wav", _samples(2))
    return Path("s.wav").read_bytes()[:300]


def _without_samples() -> bytes:
    _write("s.wav", _samples(2, 0))
    return Path("s.wav").read_bytes()


BAD = {
    "empty": (lambda: b"", "this file is empty"),
    "text": (lambda: b"this is no sound at all", "Format not recognised"),
    "header_alone": (lambda: _truncated()[:20], "Malformed 'fmt ' chunk"),
    "truncated": (_truncated, "truncated: 64 of 211 samples"),
    "without_samples": (_without_samples, "no samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_sound_gives_one_line(numconv: Run, case: str) -> None:
    make, expected = BAD[case]
    Path("bad.wav").write_bytes(make())
    complaint = numconv("run", "--input", "bad.wav", "--weight", "hann").complaint
    assert "bad.wav" in complaint
    assert expected in complaint
    assert not Path("direct.wav").exists()


REFUSED = {
    "without_weight": ((), "--weight gaussian --size 31"),
    "kernel_of_pictures": (("--weight", "sobel-x"), "a kernel for signals: one of"),
    "unknown_kernel": (("--weight", "han"), "one of hann"),
    "size_of_a_fixed_one": (("--weight", "derivative", "--size", "4"), "size=4"),
    "size_without_name": (("--size", "4"), "--weight NAME"),
    "sheet_as_sound": (("--weight", "hann", "--sheet", "--output", "t.wav"), "for --sheet"),
    "unknown_format": (("--weight", "hann", "--output", "t.xyz"), "a name ending in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_call_on_a_sound_gives_one_line(numconv: Run, case: str) -> None:
    _write("s.wav", _samples(1))
    arguments, expected = REFUSED[case]
    complaint = numconv("run", "--input", "s.wav", *arguments).complaint
    assert expected in complaint


def test_picture_is_no_sound(numconv: Run) -> None:
    Image.new("L", (20, 20)).save("p.png")
    complaint = numconv("run", "--input", "p.png", "--weight", "box", "--output", "p.wav").complaint
    assert "without a sound" in complaint
    assert "a kernel for pictures" in numconv("run", "--weight", "hann").complaint


@pytest.mark.parametrize(
    ("suffix", "depth"), [("wav", "FLOAT"), ("wav", "DOUBLE"), ("flac", "PCM_24")]
)
def test_other_sounds_are_kept(numconv: Run, suffix: str, depth: str) -> None:
    soundfile.write(f"s.{suffix}", _samples(3).T, RATE, subtype=depth)
    ended = numconv(
        *("run", "--input", f"s.{suffix}", "--weight", "identity", *SMALL),
        *("--output", f"t.{suffix}"),
    )
    assert ended.status == 0, ended.err
    before, after = (soundfile.SoundFile(f"{name}.{suffix}") for name in "st")
    with before, after:
        assert (after.subtype, after.samplerate) == (depth, RATE)
        np.testing.assert_array_equal(after.read(), before.read())


def test_what_a_file_lacks_and_what_a_format_changed_is_said(numconv: Run) -> None:
    soundfile.write("whole.ogg", _samples(1, 99_999).T, RATE, subtype="VORBIS", format="OGG")
    Path("s.ogg").write_bytes(Path("whole.ogg").read_bytes()[:-5000])
    ended = numconv(
        *("run", "--input", "s.ogg", "--weight", "identity", *SMALL, "--output", "t.flac")
    )
    assert ended.status == 0, ended.err
    assert "note: the end of this Ogg file is missing" in ended.err
    assert "note: VORBIS became PCM_16 in FLAC" in ended.err


def test_a_rate_that_the_format_lacks_is_refused(numconv: Run) -> None:
    _write("s.wav", _samples(1), rate=44_100)
    arguments = ("--weight", "hann", *SMALL, "--output", "t.opus")
    complaint = numconv("run", "--input", "s.wav", *arguments).complaint
    assert "output='t.opus'" in complaint
    assert "1 channel at 44100 samples a second" in complaint
    assert not Path("t.opus").exists()
