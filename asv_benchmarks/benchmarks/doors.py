"""The doors that SciPy's users come in by: signals, directly and by their spectra, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np


class _Door:
    """Times one call; what is warm stays so from sample to sample."""

    version = "1"
    number = 1
    repeat = (5, 200, 0.4)
    rounds = 2
    warmup_time = 0.05

    _call: Callable[[], Any] | None = None

    def setup(self) -> None:
        if self._call is None:
            self._call = self._made()
            self._call()

    def _made(self) -> Callable[[], Any]:
        raise NotImplementedError

    def time_call(self) -> None:
        assert self._call is not None
        self._call()


def _function(door: str, name: str) -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = getattr(import_module(f"numconv.{door}"), name)
    except (ImportError, AttributeError) as error:
        raise NotImplementedError(f"this commit has no numconv.{door}.{name}") from error
    return found


def _signals(length: int, taps: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    signal, kernel = (rng.standard_normal(n).astype(np.float32) for n in (length, taps))
    return signal, kernel


class SignalDirect(_Door):
    """`signal.convolve` of 262,144 samples with 129 taps, directly."""

    def _made(self) -> Callable[[], Any]:
        convolve, operands = _function("signal", "convolve"), _signals(262_144, 129)
        return lambda: convolve(*operands, mode="same", method="direct")


class SignalFft(_Door):
    """`signal.fftconvolve` of 65,536 samples with 8,191 taps."""

    def _made(self) -> Callable[[], Any]:
        fftconvolve, operands = _function("signal", "fftconvolve"), _signals(65_536, 8_191)
        return lambda: fftconvolve(*operands, mode="same")


class PictureGaussian(_Door):
    """`ndimage.gaussian_filter` of a grey picture of 1080x1920 in 8 bits."""

    def _made(self) -> Callable[[], Any]:
        gaussian_filter = _function("ndimage", "gaussian_filter")
        picture = np.random.default_rng(0).integers(0, 256, (1080, 1920), np.uint8)
        return lambda: gaussian_filter(picture, 1.5)
