"""What a measurement is worth nothing without: where and with what it was made."""

from __future__ import annotations

import platform
from typing import Any

from ..core.machine import processor
from ..core.threads import processors


def facts() -> dict[str, Any]:
    """Return what is known of this machine and its Python."""
    return {
        "processor": processor(),
        "processors": processors(),
        "architecture": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
