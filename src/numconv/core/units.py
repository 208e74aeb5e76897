"""Numbers in few digits, with units, and of things."""

from __future__ import annotations


def seconds(value: float) -> str:
    """Return a duration with three digits and a unit.

    >>> from numconv.core.units import seconds
    >>> seconds(0.00123), seconds(12.0), seconds(0.0)
    ('1.23 ms', '12.0 s', '0 s')
    """
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if value * factor >= 1 or (unit == "ns" and value > 0):
            return f"{three(value * factor)} {unit}"
    return "0 s"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a number of things in words.

    >>> from numconv.core.units import plural
    >>> plural(1, "loss", "losses"), plural(2, "layer")
    ('1 loss', '2 layers')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def three(value: float) -> str:
    """Return a number of at least 1 with three digits, or more before the point."""
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"
