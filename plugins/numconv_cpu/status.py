"""Whether the backend can be used here; if not, why, and what to do. Imports no Numba."""

from __future__ import annotations

import os
import sys
from importlib import util
from pathlib import Path

from numconv.plugin import Status

_VARIABLE = "NUMBA_DISABLE_JIT"
_FILE = ".numba_config.yaml"


def status() -> Status:
    """Return whether Numba is installed, and compiles. Never raises."""
    try:
        found = util.find_spec("numba") is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        return Status("unavailable", "Numba is not installed", "pip install numba")
    if _is_switched_off():
        reason = f"Numba's compiler is switched off ({_VARIABLE})"
        return Status("unavailable", reason, f"unset {_VARIABLE}, or use backend='reference'")
    return Status("ready")


def _is_switched_off() -> bool:
    """Return whether Numba leaves functions as they are, for a debugger or to measure coverage.

    Kernels cannot be run so: their tiles of registers exist in compiled code alone.
    """
    return _says_yes(os.environ.get(_VARIABLE, "")) or _is_configured_off()


def _says_yes(text: str) -> bool:
    # Without an exception: Python loses an interrupt that arrives as it words one.
    return text.strip().isdecimal() and int(text) != 0


def _is_configured_off() -> bool:
    """Return whether a program or a file told Numba so."""
    if "numba" not in sys.modules and Path(_FILE).is_file():
        import numba  # noqa: F401  # it alone knows how to read the file
    config = getattr(sys.modules.get("numba"), "config", None)
    return bool(getattr(config, "DISABLE_JIT", False))
