"""Compiled kernels on disk: found again where they are whole and nobody else could write them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from numconv.core import store
from numconv.core.errors import PerformanceWarning
from numconv_cuda import cache


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(store, "_warned", set())
    cache._store.cache_clear()
    yield tmp_path / "cache"
    cache._store.cache_clear()


def never() -> bytes:
    raise AssertionError("is on disk")


def path() -> Path:
    folder = cache.folder()
    assert folder is not None
    return folder / "kernel"


def test_what_was_made_is_found_again(place: Path) -> None:
    assert cache.kept("kernel", lambda: b"code") == b"code"
    assert cache.kept("kernel", never) == b"code"
    assert path().parent.parent == place


def test_what_is_not_whole_is_made_anew() -> None:
    cache.kept("kernel", lambda: b"code")
    path().write_bytes(path().read_bytes()[:-1])
    assert cache.kept("kernel", lambda: b"other") == b"other"
    assert cache.kept("kernel", never) == b"other"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes say nothing here")
def test_what_others_can_write_is_made_anew() -> None:
    cache.kept("kernel", lambda: b"code")
    path().chmod(0o666)
    with pytest.warns(PerformanceWarning, match="can be written by other users"):
        assert cache.kept("kernel", lambda: b"other") == b"other"
    assert cache.kept("kernel", never) == b"other"
