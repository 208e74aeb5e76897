"""Padding by `torch.nn.functional.pad`, for what a convolution's own argument cannot say."""

from __future__ import annotations

from typing import Any


def margins(problem: Any) -> tuple[int, ...]:
    """Return the second argument of `pad`, last axis first; empty where none is needed."""
    pairs = problem.padding
    plain = all(lo == hi >= 0 for lo, hi in pairs)
    if plain and (problem.padding_mode == "zeros" or not any(lo for lo, _ in pairs)):
        return ()
    return tuple(number for pair in reversed(pairs) for number in pair)


def padding_refusal(problem: Any) -> str | None:
    """Return why PyTorch cannot pad so, or None if it can."""
    if problem.padding_mode == "zeros" or not margins(problem):
        return None
    if problem.padding_mode == "symmetric":
        return (
            "PyTorch has no symmetric padding: use padding_mode='reflect', which leaves the edge "
            "sample out, or pad before with numpy.pad(x, ..., 'symmetric')"
        )
    if any(min(pair) < 0 for pair in problem.padding):
        return f"PyTorch does not crop with padding_mode={problem.padding_mode!r}"
    return None
