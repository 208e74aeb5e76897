"""What a measurement is worth nothing without: where and with what it was made."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from ..core.threads import processors


def processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def facts() -> dict[str, Any]:
    """Return what is known of this machine and its Python."""
    return {
        "processor": processor(),
        "processors": processors(),
        "architecture": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
