"""What outlives the process: named contents in a folder of the cache, read and written safely."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from . import private
from .cache import VARIABLE, cache_folder, private_folder
from .errors import PerformanceWarning

_UNFINISHED_SECONDS = 3600
_DIGEST_BYTES = hashlib.sha256().digest_size

_warned: set[str] = set()


class Store:
    """The folder `name` in the cache folder.

    Where that cannot be written, contents go into a temporary folder of this user; both are read
    then, for a cache that was filled beforehand serves those who cannot write it. Where others can
    write it, it is not read either.

    Parameters
    ----------
    name : str
    sealed : bool
        Whether contents are kept with their digest, and those that it does not fit are not there.
    before : callable, optional
        Called with the folder that will hold the store's, before that is made.

    Notes
    -----
    Nothing here fails: what cannot be read is not there, and what cannot be written is not kept.
    What others could have written is not read (`private.refusal`); that is warned of once.
    """

    def __init__(
        self, name: str, *, sealed: bool = False, before: Callable[[Path], None] | None = None
    ) -> None:
        self._sealed, self._before = sealed, before
        self._usable: list[Path] = []
        self._refused: list[str] = []
        self._tidied: set[Path] = set()
        for parent in filter(None, (cache_folder(), private_folder())):
            if any(map(private.can_be_written, self._usable)):
                break
            reason = private.refusal(parent / name)
            if reason is None:
                self._usable.append(parent / name)
            else:
                self._refused.append(reason)

    def warn(self) -> None:
        """Say which folders are not used, and why, once in a process."""
        for reason in self._refused:
            _warn(f"a folder of the cache is not used: {reason}", about=reason)

    def place(self) -> Path | None:
        """Return the folder in which contents are kept from now on; it may not exist yet."""
        return next(filter(private.can_be_written, self._usable), None)

    def folder(self) -> Path | None:
        """Return the folder in which contents are kept from now on; made if it is missing."""
        return next(self._writable(), None)

    def folders(self) -> list[Path]:
        """Return the folders that are there and may be read, the first one first."""
        return [folder for folder in self._usable if folder.is_dir()]

    def found(self, name: str, most: int = -1) -> Iterator[bytes]:
        """Yield what is kept under a name, once for each folder that has it.

        Contents of more than `most` bytes are passed over.
        """
        for folder in self._usable:
            try:
                content = private.read(folder / name, most)
            except private.UntrustedError as error:
                _warn(f"a file of the cache is not used: {error}", about=str(folder))
            except OSError:
                continue
            else:
                yield from self._unsealed(content)

    def keep(self, name: str, content: bytes) -> None:
        """Keep `content` under a name, in place of what is there."""
        if self._sealed:
            content = hashlib.sha256(content).digest() + content
        for folder in self._writable():
            with contextlib.suppress(OSError):
                private.write(folder / name, content)
                _warn_of_another(folder.parent)
                return

    def forget(self, beginning: str) -> None:
        """Remove what is kept under names with this beginning, where that can be written."""
        for folder in self.folders():
            for path in folder.iterdir():
                if path.name.startswith(beginning):
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _unsealed(self, content: bytes | None) -> Iterator[bytes]:
        if content is None:
            return
        if not self._sealed:
            yield content
        elif hashlib.sha256(content[_DIGEST_BYTES:]).digest() == content[:_DIGEST_BYTES]:
            yield content[_DIGEST_BYTES:]

    def _writable(self) -> Iterator[Path]:
        return filter(self._is_ready, self._usable)

    def _is_ready(self, folder: Path) -> bool:
        """Make a folder if it is missing; return whether it can be written."""
        try:
            if not folder.is_dir():
                if self._before is not None:
                    self._before(folder.parent)
                private.make_folder(folder)
            if private.refusal(folder) or not private.can_be_written(folder):
                return False
            self._tidy(folder)
        except OSError:
            return False
        return True

    def _tidy(self, folder: Path) -> None:
        """Remove what processes that were killed left unfinished."""
        if folder in self._tidied:
            return
        self._tidied.add(folder)
        oldest = time.time() - _UNFINISHED_SECONDS
        for path in folder.glob(f"*{private.UNFINISHED}"):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < oldest:
                    path.unlink()


def kept_in() -> Path | None:
    """Return the folder that takes whatever is kept from now on; it may not exist yet."""
    place = Store("any").place()
    return None if place is None else place.parent


def state() -> str:
    """Return in words how the cache folder is used; nothing is made for it."""
    folder, taken = cache_folder(), kept_in()
    if taken == folder:
        return "read and written" if folder.is_dir() else "made when something is kept"
    reason = private.refusal(folder / "any")
    if reason is not None:
        how = f"not used: {reason}"
    else:
        how = "only read" if folder.is_dir() else "cannot be made"
    return f"{how}; {'nothing new is kept' if taken is None else f'{taken} is written instead'}"


def _warn_of_another(taken: Path) -> None:
    """Say, where a folder was asked for that is none, which one is written in its place."""
    chosen = os.environ.get(VARIABLE)
    if chosen and taken != cache_folder() and not cache_folder().is_dir():
        _say_once(f"{VARIABLE}={chosen!r} is no folder and cannot be made: {taken} is used", chosen)


def _warn(reason: str, about: str) -> None:
    remedy = (
        "what others can write there would be run here. Leave it to this user alone "
        f"(chmod -R go-w, chown -R), remove it, or set {VARIABLE}"
    )
    _say_once(f"{reason}; {remedy}", about)


def _say_once(message: str, about: str) -> None:
    if about in _warned:
        return
    _warned.add(about)
    from .choice import callers_level

    warnings.warn(f"{message} (said once)", PerformanceWarning, stacklevel=callers_level())
