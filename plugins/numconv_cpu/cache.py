"""Where compiled kernels are kept on disk. Does not import Numba."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from numconv.core import activations
from numconv.core.cache import cache_folder

KEPT_UNUSED_SECONDS = 30 * 24 * 3600

_FOLDER_NAME = re.compile(r"kernels-[0-9a-f]{16}")


@functools.cache
def kernels_folder() -> Path:
    """Return the writable folder of kernels compiled from exactly these sources.

    Numba looks at one source file when it decides whether a cached function is fresh, but a
    kernel also holds the code of functions and intrinsics from other files. So every state of
    the sources has a folder of its own; those unused for thirty days are removed when a new one
    is made. Where the user's cache folder cannot be written, a temporary one serves.
    """
    name = f"kernels-{fingerprint()}"
    for parent in _parents():
        folder = parent / name
        try:
            if not folder.is_dir():
                _remove_unused(parent)
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            os.utime(folder)
            return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="numconv-"))


@functools.cache
def fingerprint() -> str:
    """Return a hash of all that decides what a kernel compiles to, besides its arguments."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for distribution in ("numba", "llvmlite"):
        digest.update(metadata.version(distribution).encode())
    digest.update(os.environ.get("NUMCONV_SIMD", "").encode())
    for path in (*sorted(package.rglob("*.py")), Path(activations.__file__)):
        digest.update(os.path.relpath(path, package).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _parents() -> Iterator[Path]:
    yield cache_folder()
    if not hasattr(os, "getuid"):
        return
    # Unpickling what somebody else put into a shared folder would run his code.
    private = Path(tempfile.gettempdir()) / f"numconv-{os.getuid()}"
    try:
        private.mkdir(mode=0o700, exist_ok=True)
        state = private.lstat()
    except OSError:
        return
    if not private.is_symlink() and state.st_uid == os.getuid() and not state.st_mode & 0o022:
        yield private


def _remove_unused(parent: Path) -> None:
    """Remove the folders of older sources that nobody has used for a long time."""
    if not parent.is_dir():
        return
    oldest = time.time() - KEPT_UNUSED_SECONDS
    for folder in parent.iterdir():
        if _FOLDER_NAME.fullmatch(folder.name) and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
