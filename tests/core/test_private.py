"""What others could have written is neither read nor waited for; what we write is ours alone."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from numconv.core import private

SOMEBODY = 54321

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes say nothing here")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files to others"
)


def modes(value: int | bool) -> str:
    return str(value) if isinstance(value, bool) else f"{value:o}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o777], ids=lambda each: f"umask_{each:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like the cache's of kernels, with a file in it."""
    made = tmp_path / "cache" / "kernels"
    private.make_folder(made)
    private.write(made / "kernel", b"code")
    return made


@pytest.mark.usefixtures("umask")
def test_folders_and_files_are_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "kernels"
    private.make_folder(folder)
    private.write(folder / "kernel", b"code")
    assert (mode(folder.parent), mode(folder)) == (0o700, 0o700)
    assert mode(folder / "kernel") == 0o600
    assert private.read(folder / "kernel") == b"code"


def test_a_file_is_replaced_as_a_whole(folder: Path) -> None:
    (folder / "kernel").chmod(0o666)
    private.write(folder / "kernel", b"other")
    assert private.read(folder / "kernel") == b"other"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_nothing_behind(
    folder: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(error):
        private.write(folder / "kernel", b"other")
    assert os.listdir(folder) == ["kernel"]
    assert private.read(folder / "kernel") == b"code"


def test_what_is_missing_or_too_long_is_not_there(folder: Path) -> None:
    assert private.read(folder / "another") is None
    assert private.read(folder / "kernel", most=3) is None
    assert private.read(folder / "kernel", most=4) == b"code"


@pytest.mark.parametrize("bits", [0o620, 0o602, 0o666], ids=modes)
def test_a_file_that_others_can_write_is_not_read(folder: Path, bits: int) -> None:
    (folder / "kernel").chmod(bits)
    with pytest.raises(private.UntrustedError, match=f"mode 0{bits:o}"):
        private.read(folder / "kernel")


@pytest.mark.parametrize("bits", [0o400, 0o444, 0o644, 0o755], ids=modes)
def test_a_file_that_others_can_but_read_is_read(folder: Path, bits: int) -> None:
    (folder / "kernel").chmod(bits)
    assert private.read(folder / "kernel") == b"code"


@as_root
def test_a_file_of_another_user_is_not_read(folder: Path) -> None:
    os.chown(folder / "kernel", SOMEBODY, -1)
    with pytest.raises(private.UntrustedError, match=f"another user \\({SOMEBODY}\\)"):
        private.read(folder / "kernel")


READ = "import sys; from numconv.core import private; private.read(private.Path(sys.argv[1]))"


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "socket", "device"])
def test_what_is_no_file_is_neither_read_nor_waited_for(folder: Path, kind: str) -> None:
    path = folder / kind
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "link":
        path.symlink_to(folder / "kernel")
    elif kind == "folder":
        path.mkdir(0o700)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.relpath(path))
    else:
        path = Path("/dev/zero")
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=60
    )
    assert "UntrustedError" in done.stderr
    assert "is not a regular file" in done.stderr


def test_a_folder_of_ours_is_trusted(folder: Path) -> None:
    assert private.refusal(folder) is None
    assert private.refusal(folder / "not" / "there") is None


@pytest.mark.parametrize("bits", [0o777, 0o707, 0o770, 0o1777], ids=modes)
def test_a_folder_that_others_can_write_is_refused(folder: Path, bits: int) -> None:
    folder.chmod(bits)
    reason = private.refusal(folder)
    assert reason == f"{folder} can be written by other users (mode {bits:04o})"


@pytest.mark.parametrize(
    ("bits", "refused"), [(0o777, True), (0o770, True), (0o1777, False)], ids=modes
)
def test_the_cache_folder_may_be_shared_only_as_tmp_is(
    folder: Path, bits: int, refused: bool
) -> None:
    folder.parent.chmod(bits)
    assert (private.refusal(folder) is not None) == refused


@pytest.mark.parametrize(
    ("bits", "refused"), [(0o777, True), (0o770, False), (0o1777, False)], ids=modes
)
def test_what_lies_further_up_must_not_be_open_to_everybody(
    folder: Path, bits: int, refused: bool
) -> None:
    folder.parent.parent.chmod(bits)
    assert (private.refusal(folder) is not None) == refused


@as_root
@pytest.mark.parametrize("up", [0, 1])
def test_a_folder_of_another_user_is_refused(folder: Path, up: int) -> None:
    theirs = (folder, folder.parent)[up]
    os.chown(theirs, SOMEBODY, -1)
    assert private.refusal(folder) == f"{theirs} belongs to another user ({SOMEBODY})"


def test_a_folder_that_is_a_link_is_refused_and_one_above_it_followed(folder: Path) -> None:
    (folder.parent / "linked").symlink_to(folder)
    (folder.parents[1] / "moved").symlink_to(folder.parent)
    assert private.refusal(folder.parent / "linked") == f"{folder.parent / 'linked'} is a link"
    assert private.refusal(folder.parents[1] / "moved" / "kernels") is None
    folder.chmod(0o777)
    assert private.refusal(folder.parents[1] / "moved" / "kernels") is not None


def test_nothing_is_written_into_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert not private.can_be_written(tmp_path / "one" / "kernels")


def test_a_group_of_one_user_is_himself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As umask 002 makes folders where every user has a group of his own."""
    import grp
    import pwd

    folder.chmod(0o770)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: Named(pw_name="ada"))
    for name, members, refused in (
        ("ada", [], False),
        ("ada", ["ada"], False),
        ("ada", ["ada", "eve"], True),
        ("staff", [], True),
    ):
        monkeypatch.setattr(
            grp, "getgrgid", lambda gid, n=name, m=members: Named(gr_name=n, gr_mem=m)
        )
        private._is_private_group.cache_clear()
        assert private._is_private_group(1000, 1000) != refused
    private._is_private_group.cache_clear()
    monkeypatch.setattr(grp, "getgrgid", lambda gid: Named(gr_name="ada", gr_mem=[]))
    assert not private._is_private_group(0, 0)
    private._is_private_group.cache_clear()


class Named:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)
