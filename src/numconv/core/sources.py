"""Folders on disk for what was compiled from exactly these sources."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from .cache import cache_folder

KEPT_UNUSED_SECONDS = 30 * 24 * 3600


def fingerprint(
    package: Path,
    distributions: Iterable[str],
    more: Iterable[str] = (),
    besides: Iterable[Path] = (),
) -> str:
    """Return a hash of all that decides what a kernel compiles to, besides its arguments.

    Parameters
    ----------
    package : Path
        Folder of the sources.
    distributions : iterable of str
        Names of those that compile; their versions count, those not installed as well.
    more : iterable of str
        Settings that count.
    besides : iterable of Path
        Sources elsewhere.
    """
    digest = hashlib.sha256()
    for distribution in distributions:
        digest.update(_version(distribution).encode())
    for setting in more:
        digest.update(setting.encode())
    for path in (*sorted(package.rglob("*.py")), *besides):
        digest.update(os.path.relpath(path, package).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def compiled_folder(kind: str, fingerprint: str) -> Path:
    """Return the writable folder of what of a `kind` was compiled from these sources.

    Every state of the sources has a folder of its own; those unused for thirty days are removed
    when a new one is made. Where the user's cache folder cannot be written, a temporary one
    serves.
    """
    for parent in _parents():
        folder = parent / f"{kind}-{fingerprint}"
        try:
            if not folder.is_dir():
                _remove_unused(parent, kind)
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            os.utime(folder)
            return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="numconv-"))


def _parents() -> Iterator[Path]:
    yield cache_folder()
    if not hasattr(os, "getuid"):
        return
    # To load what somebody else put into a shared folder would be to run his code.
    private = Path(tempfile.gettempdir()) / f"numconv-{os.getuid()}"
    try:
        private.mkdir(mode=0o700, exist_ok=True)
        state = private.lstat()
    except OSError:
        return
    if not private.is_symlink() and state.st_uid == os.getuid() and not state.st_mode & 0o022:
        yield private


def _remove_unused(parent: Path, kind: str) -> None:
    """Remove the folders of older sources that nobody has used for a long time."""
    if not parent.is_dir():
        return
    oldest = time.time() - KEPT_UNUSED_SECONDS
    for folder in parent.iterdir():
        ours = re.fullmatch(rf"{kind}-[0-9a-f]{{16}}", folder.name)
        if ours and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
