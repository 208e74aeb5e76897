"""Where numconv keeps things on disk."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

VARIABLE = "NUMCONV_CACHE_DIR"


def cache_folder() -> Path:
    """Return the folder that holds everything numconv keeps on disk; it may not exist yet.

    It is ``NUMCONV_CACHE_DIR`` where that is set, else ``numconv`` in the user's cache folder.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return _absolute(Path(os.path.expanduser(chosen)))
    home = Path(os.path.expanduser("~"))
    if not home.is_absolute():
        # A user without a name and a home, as in many containers. Nothing is to be kept, and
        # nothing looked for, in whatever folder the process happens to be.
        home = Path(home.anchor or os.sep)
    return _caches(home) / "numconv"


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError:  # the folder in which the process is was removed
        return Path(os.sep) / path


def _caches(home: Path) -> Path:
    if sys.platform == "win32":
        return _from_environment("LOCALAPPDATA", home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    return _from_environment("XDG_CACHE_HOME", home / ".cache")


def _from_environment(variable: str, default: Path) -> Path:
    """Return the folder that a variable names; one that is not absolute is to be ignored."""
    path = Path(os.environ.get(variable, ""))
    return path if path.is_absolute() else default


def private_folder() -> Path | None:
    """Return the temporary folder of this user, for where `cache_folder` is of no use.

    It may not exist yet; None where the system has no temporary folder, or no users.
    """
    if not hasattr(os, "geteuid"):
        return None
    try:
        return Path(tempfile.gettempdir()) / f"numconv-{os.geteuid()}"
    except FileNotFoundError:
        return None
