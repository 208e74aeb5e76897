"""Problems drawn at random, always the same: combinations that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from ..core.dtypes import FLOATS
from ..core.errors import ArgumentError
from ..core.geometry import PADDING_MODES
from ..core.problems import (
    ConvolutionProblem,
    Epilogue,
    GeneratedInvolutionProblem,
    InvolutionProblem,
)

_LONGEST = {1: 70, 2: 19, 3: 7}
_WIDEST_KERNEL = {1: 11, 2: 5, 3: 3}
_MOST_MACS = 1_000_000
_GENERATED = 10  # of so many drawn problems one has its kernels generated, besides
_DTYPES = ("float32", "float32", "float32", "float64", "float16", "int16", "complex64")


def drawn_problems(count: int, seed: int = 2026) -> list[Any]:
    """Return `count` convolutions of both directions and involutions, and generated ones."""
    rng = np.random.default_rng(seed)
    others = (_generated(each, rng) for each in _draw(np.random.default_rng(seed + 1)))
    generated = islice(filter(None, others), -(-count // _GENERATED))
    return [*islice(_draw(np.random.default_rng(seed)), count), *generated]


def _generated(drawn: Any, rng: np.random.Generator) -> GeneratedInvolutionProblem | None:
    """Return an involution with its kernels generated, with a bias or without; None of others."""
    if not isinstance(drawn, InvolutionProblem) or drawn.dtype not in FLOATS:
        return None
    hidden, biased = (int(value) for value in rng.integers((1, 0), (9, 2)))
    own: dict[str, Any] = {"hidden_channels": hidden, "span_bias": bool(biased)}
    names = {each.name for each in fields(GeneratedInvolutionProblem)} - set(own)
    shared = {name: getattr(drawn, name) for name in names}
    shared["epilogue"] = Epilogue(residual=drawn.epilogue.residual)
    return GeneratedInvolutionProblem(**shared, **own)


def _draw(rng: np.random.Generator) -> Iterator[Any]:
    def one_of(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    while True:
        axes = one_of(1, 2, 2, 3)

        def per_axis(low: int, high: int, axes: int = axes) -> tuple[int, ...]:
            return tuple(int(value) for value in rng.integers(low, high + 1, axes))

        widest, groups, dtype = one_of(0, 1, 2, 4), one_of(1, 1, 2, 3, 7), one_of(*_DTYPES)
        shared: dict[str, Any] = {
            "batch": one_of(1, 1, 2, 3),
            "groups": groups,
            "input_shape": per_axis(1, _LONGEST[axes]),
            "kernel_shape": per_axis(1, _WIDEST_KERNEL[axes]),
            "stride": per_axis(1, 3),
            "padding": tuple(zip(per_axis(0, widest), per_axis(0, widest), strict=True)),
            "dilation": per_axis(1, 3),
            "padding_mode": one_of("zeros", *PADDING_MODES),
            "dtype": dtype,
        }
        added = Epilogue(one_of(False, True), one_of(False, True))
        try:
            if one_of(True, True, False):
                found: Any = ConvolutionProblem(
                    **shared,
                    in_channels=groups * one_of(1, 2, 5, 11),
                    out_channels=groups * one_of(1, 3, 8, 10),
                    direction=one_of("forward", "input_gradient"),
                    epilogue=added,
                )
            else:
                channels = groups * one_of(1, 2, 5, 16)
                found = InvolutionProblem(**shared, channels=channels, epilogue=added)
        except ArgumentError:
            continue
        if prod(found.result_shape) * found.terms < _MOST_MACS:
            yield found
