"""Suites of layers as data, their measurement side by side, and charts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .measuring import measure
    from .report import Report

__all__ = ["Report", "measure"]


def __getattr__(name: str) -> Any:
    # Suites alone are read by benchmarks that must not import anything else of numconv.
    if name == "measure":
        from .measuring import measure

        return measure
    if name == "Report":
        from .report import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
