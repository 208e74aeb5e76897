"""Files and folders that nobody but this user can write.

What is kept on disk is code: to load a kernel that somebody else wrote would be to run whatever
he likes. So nothing is read unless it belongs to this user or to root, who may do as he likes
anyway, and unless nobody else can write it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import uuid
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
UNFINISHED = ".tmp"

# A FIFO must not be waited for, nor a link be followed, even if they come between a look and the
# opening.
_READ_FLAGS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"))
_EFFECTIVE = os.access in os.supports_effective_ids


class UntrustedError(OSError):
    """A file or folder that others can write."""


def refusal(folder: Path) -> str | None:
    """Return why what lies in `folder` must not be read, None if it may be or does not exist.

    The folder and the one that holds it must be this user's or root's. They must not be writable
    by others, the user's private group aside (`_is_private_group`); what holds the folder may be
    shared as ``/tmp`` is. Folders further up may be anybody's, for what lies in this one is still
    looked at file by file, but not writable by everybody.
    """
    try:
        parent = folder.parent.resolve()
    except (OSError, RuntimeError) as error:  # a circle of links
        return f"{folder.parent} cannot be found: {error}"
    place = parent / folder.name
    for path in (place, parent, *parent.parents):
        try:
            state = os.lstat(path)
        except OSError:
            continue  # it is not there, or nothing in it can be read either
        fault = _folder_fault(state, shared=path != place, near=path in (place, parent))
        if fault:
            return f"{path} {fault}"
    return None


def _folder_fault(state: os.stat_result, shared: bool, near: bool) -> str | None:
    if stat.S_ISLNK(state.st_mode):
        return "is a link"
    if not stat.S_ISDIR(state.st_mode):
        return None  # nothing is in it
    if shared and state.st_mode & stat.S_ISVTX:
        return _owner_fault(state) if near else None
    if near:
        return fault(state)
    return _mode_fault(state) if state.st_mode & stat.S_IWOTH else None


def fault(state: os.stat_result) -> str | None:
    """Return why what has this state cannot be trusted, or None."""
    return _owner_fault(state) or _mode_fault(state)


def _owner_fault(state: os.stat_result) -> str | None:
    if not hasattr(os, "geteuid") or state.st_uid in (0, os.geteuid()):
        return None
    return f"belongs to another user ({state.st_uid})"


def _mode_fault(state: os.stat_result) -> str | None:
    if not hasattr(os, "geteuid"):
        return None  # the bits say nothing there
    group = state.st_mode & stat.S_IWGRP and not _is_private_group(state.st_gid, state.st_uid)
    if not group and not state.st_mode & stat.S_IWOTH:
        return None
    return f"can be written by other users (mode {stat.S_IMODE(state.st_mode):04o})"


@functools.cache
def _is_private_group(group: int, user: int) -> bool:
    """Return whether a user is alone in a group.

    Where every user has a group of his own, named as he is, folders are commonly made with
    umask 002. Root's group is none of these: many a container runs as nobody in it.
    """
    import grp
    import pwd

    try:
        name, found = pwd.getpwuid(user).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return user != 0 and found.gr_name == name and set(found.gr_mem) <= {name}


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for this user alone, by any umask."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder == folder.parent:
            break
        folder = folder.parent
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(each, FOLDER_MODE)
            if os.lstat(each).st_mode & FOLDER_MODE != FOLDER_MODE:
                os.chmod(each, FOLDER_MODE)  # the umask took away the user's own rights


def can_be_written(folder: Path) -> bool:
    """Return whether files can be written into a folder; a missing one, whether it can be made."""
    while not folder.is_dir():
        if os.path.lexists(folder) or folder == folder.parent:
            return False
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE)


def read(path: Path, most: int = -1) -> bytes | None:
    """Return what is in a file, None if there is none or it holds more than `most` bytes.

    Raises
    ------
    UntrustedError
        If it is no regular file, or others can write it.
    OSError
        If it cannot be read.
    """
    try:
        _check_file(path, os.lstat(path))
        with open(path, "rb", buffering=0, opener=_open_to_read) as file:
            state = os.fstat(file.fileno())
            _check_file(path, state)
            if 0 <= most < state.st_size:
                return None
            return file.readall()
    except FileNotFoundError:
        return None


def _open_to_read(path: str, flags: int) -> int:
    return os.open(path, flags | _READ_FLAGS)


def _check_file(path: Path, state: os.stat_result) -> None:
    found = "is not a regular file" if not stat.S_ISREG(state.st_mode) else fault(state)
    if found:
        raise UntrustedError(f"{path} {found}")


def write(path: Path, content: bytes) -> None:
    """Write a file for this user alone, so that others see all of it or nothing.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    unfinished = path.with_name(f"{uuid.uuid4().hex}{UNFINISHED}")
    try:
        with open(unfinished, "xb", opener=_open_to_write) as file:
            file.write(content)
        os.replace(unfinished, path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _open_to_write(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, FILE_MODE)
    return descriptor
