"""What this machine is, and what is installed on it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def versions(distributions: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each distribution, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def interpreter() -> list[str]:
    """Return the command that starts this Python again, with the options it was started with.

    A child that checks or measures does so in the mode it was asked for in: ``-O``, ``-I``, ...
    """
    return [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]


def archive() -> dict[str, str]:
    """Return what a child's environment must hold besides, to find numconv in an archive.

    Python puts a zip that it was told to run on the path of its own process alone.
    """
    for entry in map(os.path.abspath, filter(None, sys.path)):
        if os.path.abspath(__file__).startswith(entry + os.sep) and os.path.isfile(entry):
            known = os.environ.get("PYTHONPATH")
            return {"PYTHONPATH": os.pathsep.join(filter(None, (entry, known)))}
    return {}
