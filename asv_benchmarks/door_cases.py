"""What `scipy_against.py` measures, as data: calls that numconv and SciPy have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LEAST_RATIOS = {"1-D direct": 2.0, "2-D direct": 5.0, "3-D direct": 5.0, "fft": 1 / 1.1}
"""How many times as fast as SciPy every call of these groups is meant to be."""


@dataclass(frozen=True)
class Case:
    """``door.function(*operands, *settings, **keywords)``; `door` is ``signal`` or ``ndimage``.

    Of the `operands` the shapes are given. They are of `dtype`, the first of `first_dtype` if that
    is given; `settings` come after them, as ``gaussian_filter`` takes its sigma.
    """

    group: str
    door: str
    function: str
    operands: tuple[tuple[int, ...], ...]
    settings: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    first_dtype: str = ""

    @property
    def name(self) -> str:
        shapes = " * ".join("x".join(map(str, shape)) for shape in self.operands)
        said = ["", *map(str, self.settings), *(f"{k}={v}" for k, v in self.keywords.items())]
        return f"{self.function} {shapes} {self.first_dtype or self.dtype}{' '.join(said)}"


def _direct_1d() -> Iterator[Case]:
    for dtype in ("float32", "float64"):
        for length in (1_000, 16_000, 262_144, 4_000_000):
            for taps in (3, 9, 31, 129, 1025):
                if taps <= length and length * taps < 2e9:
                    yield _convolve("1-D direct", (length,), (taps,), dtype, method="direct")
    for dtype in ("int16", "int64", "complex64"):
        yield _convolve("1-D direct", (262_144,), (31,), dtype, method="direct")


def _direct_2d() -> Iterator[Case]:
    for dtype in ("float32", "float64", "uint8"):
        for side in (3, 7):
            yield _convolve("2-D direct", (1080, 1920), (side,) * 2, dtype, method="direct")
    yield _convolve("2-D direct", (256, 256), (15, 15), "float32", method="direct")
    yield _convolve("2-D direct", (61, 67), (5, 5), "float32", method="direct")
    for dtype in ("float32", "uint8"):
        for boundary in ("fill", "wrap", "symm"):
            for side in (3, 9):
                keywords = {"mode": "same", "boundary": boundary}
                shapes = ((1080, 1920), (side, side))
                yield Case("2-D direct", "signal", "convolve2d", shapes, (), keywords, dtype)
    yield Case("2-D direct", "signal", "correlate2d", ((512, 512), (7, 7)), ("valid",))


def _direct_3d() -> Iterator[Case]:
    for dtype in ("float32", "float64"):
        yield _convolve("3-D direct", (64,) * 3, (3,) * 3, dtype, method="direct")
    yield _convolve("3-D direct", (96,) * 3, (5,) * 3, "float32", method="direct")
    yield _convolve("3-D direct", (17, 19, 23), (3,) * 3, "float32", method="direct")


def _fft() -> Iterator[Case]:
    lengths = (1_000, 10_007, 65_536, 1_000_003, 4_000_000)
    for dtype in ("float32", "float64"):
        for length in lengths:
            for taps in (length // 8, length):
                yield _two("fft", "fftconvolve", (length,), (taps,), dtype)
        for side in (256, 509, 1024, 2048):
            yield _two("fft", "fftconvolve", (side,) * 2, (side // 4,) * 2, dtype)
        yield _two("fft", "fftconvolve", (1024,) * 2, (1024,) * 2, dtype)
        for side in (32, 61, 128):
            yield _two("fft", "fftconvolve", (side,) * 3, (side // 3,) * 3, dtype)
    yield _two("fft", "fftconvolve", (65_536,), (8_191,), "complex64")
    yield _two("fft", "fftconvolve", (65_536,), (8_191,), "complex128")
    yield _two("fft", "fftconvolve", (64, 4_096), (1, 4_096), "float32", axes=1)
    yield _two("fft", "fftconvolve", (753, 950), (154, 1), "float64", axes=0)
    yield _two("fft", "fftconvolve", (729, 630), (1, 417), "float64", axes=1)
    yield _two("fft", "fftconvolve", (1302, 906), (174, 1), "complex64", axes=0)
    yield _two("fft", "fftconvolve", (1551, 414), (16, 5), "complex128")
    yield _two("fft", "fftconvolve", (24, 72, 29), (12, 27, 2), "complex64")
    yield _convolve("fft", (262_144,), (65_536,), "float32", method="fft")
    yield _convolve("fft", (1080, 1920), (101, 101), "float32", method="fft")


def _overlap_add() -> Iterator[Case]:
    for dtype in ("float32", "float64"):
        for length, taps in ((65_536, 129), (1_000_003, 1_025), (4_000_000, 10_007)):
            yield _two("overlap-add", "oaconvolve", (length,), (taps,), dtype)
        yield _two("overlap-add", "oaconvolve", (1080, 1920), (41, 41), dtype)


def _auto() -> Iterator[Case]:
    for length, taps in ((1_000, 31), (16_000, 501), (262_144, 129), (1_000_003, 10_007)):
        yield _convolve("auto", (length,), (taps,), "float32")
        yield _convolve("auto", (length,), (taps,), "float64")
    yield _convolve("auto", (1080, 1920), (9, 9), "float32")
    yield _convolve("auto", (64,) * 3, (9,) * 3, "float32")


def _images() -> Iterator[Case]:
    picture = (1080, 1920)
    for dtype in ("float32", "uint8"):
        for function in ("convolve", "correlate"):
            for mode in ("reflect", "constant", "nearest"):
                yield _image(function, dtype, (picture, (5, 5)), mode=mode)
        yield _image("convolve", dtype, (picture, (3, 3)))
        yield _image("convolve1d", dtype, (picture, (9,)), axis=0)
        yield _image("correlate1d", dtype, (picture, (9,)), axis=1)
        yield _image("gaussian_filter", dtype, (picture,), 1.5)
        yield _image("gaussian_filter", dtype, (picture,), 5.0)
        yield _image("uniform_filter", dtype, (picture,), 5)
        yield _image("uniform_filter", dtype, (picture,), 25)
        for function in ("sobel", "prewitt", "laplace"):
            yield _image(function, dtype, (picture,))
        yield _image("gaussian_laplace", dtype, (picture,), 2.0)
    yield _image("gaussian_filter", "uint16", (picture,), 1.5)
    yield _image("gaussian_filter", "float64", (picture,), 1.5)
    yield _image("gaussian_filter", "float32", ((96, 96, 96),), 1.5)
    yield _image("convolve", "float32", ((96, 96, 96), (3, 3, 3)))


def _tiny() -> Iterator[Case]:
    for dtype in ("float32", "float64", "int64"):
        yield _convolve("tiny", (100,), (10,), dtype)
    yield _convolve("tiny", (100,), (10,), "float64", method="direct")
    yield _two("tiny", "fftconvolve", (100,), (10,), "float64")
    yield _two("tiny", "oaconvolve", (100,), (10,), "float64")
    yield Case("tiny", "signal", "convolve2d", ((16, 16), (3, 3)), dtype="float64")
    yield Case("tiny", "ndimage", "convolve1d", ((100,), (9,)), dtype="float64")
    yield Case("tiny", "ndimage", "convolve", ((16, 16), (3, 3)), dtype="float64")
    yield Case("tiny", "ndimage", "gaussian_filter", ((32, 32),), (1.0,), dtype="float64")
    yield Case("tiny", "ndimage", "sobel", ((32, 32),), dtype="uint8")


def _two(
    group: str,
    function: str,
    first: tuple[int, ...],
    second: tuple[int, ...],
    dtype: str,
    **keywords: Any,
) -> Case:
    return Case(group, "signal", function, (first, second), (), {"mode": "same", **keywords}, dtype)


def _convolve(
    group: str, first: tuple[int, ...], second: tuple[int, ...], dtype: str, **keywords: Any
) -> Case:
    return _two(group, "convolve", first, second, dtype, **keywords)


def _image(
    function: str, dtype: str, shapes: tuple[tuple[int, ...], ...], *settings: Any, **keywords: Any
) -> Case:
    return Case("ndimage", "ndimage", function, shapes, settings, keywords, "float32", dtype)


def cases() -> list[Case]:
    """Return all cases, group by group."""
    groups = (_direct_1d, _direct_2d, _direct_3d, _fft, _overlap_add, _auto, _images, _tiny)
    return [case for group in groups for case in group()]
