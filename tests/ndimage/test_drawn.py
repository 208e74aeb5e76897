"""Drawn calls, against SciPy: the same bits, dtypes, shapes and exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pytest

from numconv import ndimage

pytestmark = pytest.mark.peer
COUNT = 1200

MODES = (
    *("reflect", "constant", "nearest", "mirror", "wrap"),
    *("grid-mirror", "grid-constant", "grid-wrap"),
)
DTYPES = (
    *("float32", "float64", "uint8", "uint16", "int16", "int32", "uint32", "int64", "bool"),
    *("int8", "uint64", "complex64", "complex128"),
)
LONGEST = {1: 61, 2: 19, 3: 9, 4: 6}
WIDEST = {1: 13, 2: 7, 3: 4, 4: 3}
ONE_AXIS = ("correlate1d", "convolve1d")
SEVERAL = ("correlate", "convolve")
BY_AXIS = ("gaussian_filter1d", "sobel", "prewitt")
WHOLE = ("gaussian_filter", "laplace", "gaussian_laplace", "gaussian_gradient_magnitude")
MEANS = ("uniform_filter1d", "uniform_filter")


@dataclass(frozen=True)
class Drawn:
    """A call: the function's name, its positional arguments and its keywords."""

    function: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    name: str

    @property
    def exact(self) -> bool:
        """Whether SciPy's sums are exact or in the order that the definition prescribes."""
        kinds = {self.arguments[0].dtype.kind, np.dtype(self.keywords.get("output", "i8")).kind}
        return self.function not in MEANS or kinds <= set("biu")

    @property
    def astray(self) -> bool:
        """Whether SciPy reads what is not in the array.

        `correlate` and `convolve` do where a kernel reaches over the beginning by four times the
        axis in mode ``"reflect"``; `correlate1d` does not.
        """
        if self.function not in SEVERAL or self.keywords["mode"] not in ("reflect", "grid-mirror"):
            return False
        x, weights = self.arguments
        return any(
            x.shape[axis] > 1 and taps // 2 + abs(origin) >= 4 * x.shape[axis]
            for axis, taps, origin in zip(
                self.keywords["axes"], weights.shape, self.keywords["origin"], strict=True
            )
        )


def drawn_calls(count: int, seed: int = 2026) -> list[Drawn]:
    """Return `count` calls."""
    return list(islice(_draw(np.random.default_rng(seed)), count))


def _draw(rng: np.random.Generator) -> Iterator[Drawn]:
    index = 0
    while True:
        rank = int(rng.choice([1, 2, 2, 3, 4]))
        dtype = str(rng.choice(DTYPES))
        function = str(rng.choice([*ONE_AXIS * 2, *SEVERAL * 4, *BY_AXIS, *WHOLE, *MEANS]))
        x = _samples(rng, tuple(rng.integers(1, LONGEST[rank] + 1, rank).tolist()), dtype)
        if rng.random() < 0.02:
            x = x[..., :0]
        arguments, keywords = _arguments(rng, function, x)
        keywords |= {"cval": float(rng.choice([0.0, 1.5, -2.25])), **_output(rng, x)}
        mode = keywords["mode"]
        name = f"{index}-{function}-{x.dtype}-{rank}d-{mode if isinstance(mode, str) else 'modes'}"
        drawn = Drawn(function, (x, *arguments), keywords, name)
        if not drawn.astray:
            index += 1
            yield drawn


def _samples(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(max(info.min, -(2**20)), min(info.max, 2**20), shape, dtype)
    values = rng.standard_normal(shape)
    if kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    chosen = rng.random()
    weights = rng.standard_normal(shape)
    if chosen < 0.3:
        return rng.integers(-2, 3, shape)
    if chosen < 0.6 and len(shape) == 1:
        return weights + (1 if chosen < 0.45 else -1) * weights[::-1]
    if chosen < 0.7:
        return weights + 1j * rng.standard_normal(shape)
    if chosen < 0.8:
        return weights.astype("float32") * (rng.random(shape) < 0.5)
    return weights


def _arguments(
    rng: np.random.Generator, function: str, x: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what the function takes after its input."""
    rank, mode = x.ndim, str(rng.choice(MODES))
    widest = 30 if rng.random() < 0.1 and rank < 3 else WIDEST[rank]
    axis = int(rng.integers(-rank, rank))
    if function in SEVERAL:
        axes = sorted(rng.choice(rank, rng.integers(1, rank + 1), replace=False).tolist())
        shape = tuple(rng.integers(1, widest + 1, len(axes)).tolist())
        origins = [_origin(rng, taps) for taps in shape]
        keywords = {"mode": mode, "origin": origins, "axes": tuple(axes)}
        return (_weights(rng, shape),), keywords
    if function in ONE_AXIS:
        weights = _weights(rng, (int(rng.integers(1, widest + 6)),))
        origin = _origin(rng, weights.size)
        return (weights,), {"axis": axis, "mode": mode, "origin": origin}
    modes = [str(each) for each in rng.choice(MODES, rank)] if rng.random() < 0.3 else mode
    if function == "uniform_filter1d":
        size = int(rng.integers(1, widest + 17))
        return (size,), {"axis": axis, "mode": mode, "origin": _origin(rng, size)}
    if function == "uniform_filter":
        sizes = rng.integers(0, widest + 3, rank).tolist()
        return (sizes,), {"mode": modes, "origin": [_origin(rng, size) for size in sizes]}
    if function == "gaussian_filter1d":
        order = int(rng.integers(0, 4))
        return (float(rng.uniform(0.3, 3)),), {"axis": axis, "order": order, "mode": mode}
    if function == "gaussian_filter":
        orders = rng.integers(0, 3, rank).tolist()
        return (rng.uniform(0.0, 2, rank).tolist(),), {"order": orders, "mode": modes}
    if function in BY_AXIS:
        return (), {"axis": axis, "mode": modes}
    if function == "laplace":
        return (), {"mode": modes}
    return (float(rng.uniform(0.3, 1.5)),), {"mode": modes, "truncate": 3.0}


def _origin(rng: np.random.Generator, taps: int) -> int:
    return int(rng.integers(-(taps // 2), (taps - 1) // 2 + 1)) if taps > 0 else 0


def _output(rng: np.random.Generator, x: Any) -> dict[str, Any]:
    """Return keywords that ask for another dtype now and then, wide enough for any result."""
    if rng.random() < 0.7:
        return {}
    if x.dtype.kind == "c":
        return {"output": np.complex128}
    return {"output": str(rng.choice(["float32", "float64", "int64"]))}


def bits(result: Any) -> bytes:
    # SciPy leaves bytes other than 0 and 1 in arrays of bool.
    return (result != 0).tobytes() if result.dtype == bool else result.tobytes()


@pytest.mark.filterwarnings("ignore:invalid value encountered in (cast|sqrt):RuntimeWarning")
@pytest.mark.parametrize("drawn", drawn_calls(COUNT), ids=lambda drawn: drawn.name)
def test_as_scipy_does(drawn: Any) -> None:
    peer = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")
    try:
        expected = getattr(peer, drawn.function)(*drawn.arguments, **drawn.keywords)
    except Exception as error:
        with pytest.raises(type(error)):
            getattr(ndimage, drawn.function)(*drawn.arguments, **drawn.keywords)
        return
    got = getattr(ndimage, drawn.function)(*drawn.arguments, **drawn.keywords)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if drawn.exact:
        assert bits(got) == bits(expected)
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-5)
