"""What is kept is found again; where it cannot be kept or trusted, something else serves."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

from numconv.core import cache, store
from numconv.core.errors import PerformanceWarning
from numconv.core.store import Store

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another user"
)
needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no users here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, not there yet; the system's temporary folder is an empty one."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_warned", set())
    return tmp_path / "cache"


def test_what_is_kept_is_found_in_the_cache_folder(folder: Path) -> None:
    Store("things").keep("one", b"1")
    assert list(Store("things").found("one")) == [b"1"]
    assert list(Store("things").found("two")) == []
    assert Store("things").folders() == [folder / "things"]
    assert Store("others").folders() == []


def test_what_was_damaged_is_not_found(folder: Path) -> None:
    Store("things", sealed=True).keep("one", b"1" * 99)
    path = folder / "things" / "one"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:5], b"", whole[:-1] + b"2", whole + b"1"):
        path.write_bytes(damaged)
        assert list(Store("things", sealed=True).found("one")) == []
    path.write_bytes(whole)
    assert list(Store("things", sealed=True).found("one")) == [b"1" * 99]


def test_names_are_forgotten_by_their_beginning(folder: Path) -> None:
    kept = Store("things")
    for name in ("a.1", "a.2", "ab.1"):
        kept.keep(name, b"")
    kept.forget("a.")
    assert os.listdir(folder / "things") == ["ab.1"]


def test_a_folder_that_cannot_be_made_is_replaced(folder: Path) -> None:
    folder.write_text("a file stands in the way")
    with pytest.warns(PerformanceWarning, match="NUMCONV_CACHE_DIR=.* cannot be made: .* is used"):
        Store("things").keep("one", b"1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store("things").keep("one", b"1")
    assert list(Store("things").found("one")) == [b"1"]
    instead = cache.private_folder()
    if instead is not None:
        assert Store("things").folder() == instead / "things"
        assert store.state() == f"cannot be made; {instead} is written instead"


def test_without_any_folder_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file stands in the way")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    kept = Store("things")
    kept.keep("one", b"1")
    assert kept.folder() is None
    assert list(kept.found("one")) == []
    assert store.state() == "cannot be made; nothing new is kept"


def test_a_system_without_a_temporary_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/none"])
    assert cache.private_folder() is None
    Store("things").keep("one", b"1")
    assert store.state() == "read and written"


@needs_users
def test_a_folder_that_others_can_write_is_not_read_and_warned_of_once(folder: Path) -> None:
    Store("things").keep("one", b"theirs")
    (folder / "things").chmod(0o777)
    kept = Store("things")
    with pytest.warns(PerformanceWarning, match=r"things can be written .*chmod"):
        kept.warn()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store("things").warn()
    assert list(kept.found("one")) == []
    kept.keep("one", b"ours")
    assert list(kept.found("one")) == [b"ours"]
    assert (folder / "things" / "one").read_bytes() == b"theirs"


@needs_users
def test_files_that_others_can_write_are_warned_of_once_and_replaced(folder: Path) -> None:
    kept = Store("things")
    for name in ("one", "two"):
        kept.keep(name, b"theirs")
        (folder / "things" / name).chmod(0o666)
    with pytest.warns(PerformanceWarning, match="one can be written by other users") as said:
        found = [*kept.found("one"), *kept.found("two")]
    assert found == []
    assert len(said) == 1
    kept.keep("one", b"ours")
    assert list(kept.found("one")) == [b"ours"]


@needs_users
def test_nobody_hears_of_a_temporary_folder_that_is_not_needed(folder: Path) -> None:
    taken = cache.private_folder()
    assert taken is not None
    taken.mkdir()
    taken.chmod(0o777)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store("things").warn()
    folder.write_text("a file stands in the way")
    with pytest.warns(PerformanceWarning, match=str(taken)):
        Store("things").warn()


def test_only_what_was_left_unfinished_long_ago_is_removed(folder: Path) -> None:
    Store("things").keep("one", b"1")
    for name in ("old.tmp", "new.tmp"):
        (folder / "things" / name).write_bytes(b"half")
    os.utime(folder / "things" / "old.tmp", (0, 0))
    Store("things").keep("two", b"2")
    assert sorted(os.listdir(folder / "things")) == ["new.tmp", "one", "two"]


def test_the_state_of_the_folder_is_told_and_nothing_is_made(folder: Path) -> None:
    assert store.state() == "made when something is kept"
    assert not folder.exists()
    Store("things").keep("one", b"1")
    assert store.state() == "read and written"
    assert store.kept_in() == folder


PREWARMED = """
import os
from numconv.core import cache, choice, private, store

store.Store("things").keep("one", b"1")
folder = cache.cache_folder()
os.chmod(folder, 0o755), os.chmod(folder / "things", 0o755)
os.chmod(folder / "things" / "one", 0o644)
os.setegid(54321), os.seteuid(54321)
kept = store.Store("things")
assert list(kept.found("one")) == [b"1"]
kept.keep("two", b"2")
assert list(kept.found("two")) == [b"2"], "what is new goes to a folder of the user's own"
assert kept.folder() == cache.private_folder() / "things"
assert store.state().startswith("only read; "), store.state()
os.seteuid(0)
assert os.listdir(folder / "things") == ["one"]
assert store.Store("things").folder() == folder / "things"
"""


@as_root
def test_a_cache_of_root_is_read_by_others() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        shared = Path(place) / "temporary"
        shared.mkdir()
        shared.chmod(0o1777)
        variables = {"NUMCONV_CACHE_DIR": f"{place}/cache", "TMPDIR": str(shared)}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PREWARMED],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG folders are not used here")
class TestCacheFolder:
    def test_is_in_the_home_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NUMCONV_CACHE_DIR", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", "/home/ada")
        assert cache.cache_folder() == Path("/home/ada/.cache/numconv")
        monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
        assert cache.cache_folder() == Path("/caches/numconv")

    def test_is_never_relative(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As for a user without a name and a home: not in whatever folder the process is."""
        import pwd

        def nobody(uid: int) -> None:
            raise KeyError(uid)

        monkeypatch.delenv("NUMCONV_CACHE_DIR", raising=False)
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(pwd, "getpwuid", nobody)
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert cache.cache_folder() == Path("/.cache/numconv")

    def test_is_known_where_the_current_folder_is_gone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NUMCONV_CACHE_DIR", "mine")
        assert cache.cache_folder() == tmp_path / "mine"
        (tmp_path / "gone").mkdir()
        os.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        assert cache.cache_folder().is_absolute()
