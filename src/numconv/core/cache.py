"""Where numconv keeps things on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder that holds everything numconv keeps on disk; it may not exist yet.

    It is ``NUMCONV_CACHE_DIR`` where that is set, else ``numconv`` in the user's cache folder.
    """
    chosen = os.environ.get("NUMCONV_CACHE_DIR")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return caches / "numconv"
