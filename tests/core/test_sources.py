"""The key of what was compiled sees the code that Python runs, wherever it comes from."""

from __future__ import annotations

import contextlib
import importlib.machinery
import itertools
import os
import py_compile
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from numconv.core import sources
from numconv.core.cache import cache_folder
from numconv.core.store import Store

_numbers = itertools.count()
CHECKED = py_compile.PycInvalidationMode.CHECKED_HASH
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH


class Package:
    """A package of two modules, in a folder that is on the path."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self._path = place, monkeypatch
        (place / "code_in_test" / "inner").mkdir(parents=True)
        for name in ("__init__.py", "one.py", "inner/__init__.py"):
            self.write(name, "NUMBER = 1\n")

    def file(self, name: str) -> Path:
        return self.place / "code_in_test" / name

    def write(self, name: str, text: str) -> None:
        self.file(name).write_text(text)

    def without_sources(self) -> None:
        """Leave bytecode alone, where sources were."""
        for path in self.place.rglob("*.py"):
            # Bytecode holds the time of its source, which says nothing about the code.
            os.utime(path, (next(_numbers),) * 2)
            py_compile.compile(str(path), str(path.with_suffix(".pyc")), "same name")
            path.unlink()

    def zipped(self) -> Path:
        path = self.place.parent / f"{next(_numbers)}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(self.place.rglob("*.py*")):
                if "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(self.place))
        return path

    def fingerprint(self, path: Path | None = None) -> str:
        """Return that of the package in a folder or zip, which must not be imported for it."""
        with self.importable(path or self.place):
            found = sources.fingerprint(["code_in_test"], [])
            assert "code_in_test.one" not in sys.modules
            return found

    @contextlib.contextmanager
    def importable(self, path: Path) -> Iterator[None]:
        """Let the package be found in a folder or zip."""
        with self._path.context() as patch:
            patch.syspath_prepend(str(path))
            importlib.invalidate_caches()
            sources._imported.cache_clear()
            try:
                yield
            finally:
                for name in [each for each in sys.modules if each.startswith("code_in_test")]:
                    del sys.modules[name]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    return Package(tmp_path / "package", monkeypatch)


def test_the_same_code_has_the_same_key_wherever_it_lies(package: Package, tmp_path: Path) -> None:
    here = package.fingerprint()
    shutil.copytree(package.place, tmp_path / "copy")
    assert package.fingerprint(tmp_path / "copy") == here
    assert package.fingerprint(package.zipped()) == here


@pytest.mark.parametrize("name", ["__init__.py", "one.py", "inner/__init__.py", "inner/new.py"])
@pytest.mark.parametrize("form", ["sources", "bytecode", "zip", "zip_of_bytecode"])
def test_another_code_has_another_key(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    other = Package(tmp_path / "other", monkeypatch)
    other.write(name, "NUMBER = 2\n")
    keys = []
    for each in (package, other, Package(tmp_path / "again", monkeypatch)):
        if "bytecode" in form:
            each.without_sources()
        keys.append(each.fingerprint(each.zipped() if "zip" in form else None))
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


def test_bytecode_that_is_run_unseen_counts(package: Package) -> None:
    """Python runs what such a file holds, whatever has become of the source."""
    cached = importlib.util.cache_from_source(str(package.file("one.py")))
    keys = [package.fingerprint()]
    for number, mode in ((1, CHECKED), (1, UNCHECKED), (2, UNCHECKED)):
        package.write("one.py", f"NUMBER = {number}\n")
        py_compile.compile(str(package.file("one.py")), cached, invalidation_mode=mode)
        package.write("one.py", "NUMBER = 1\n")
        keys.append(package.fingerprint())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


IMPORTS = """
import typing
from .inner import deep as renamed
def later():
    import code_in_test.late
    from typing import Any
"""


@pytest.mark.parametrize("form", ["sources", "bytecode", "zip", "zip_of_bytecode"])
def test_what_a_module_imports_is_found(package: Package, form: str) -> None:
    """Wherever it stands, and what that imports; a package with all in it if it is imported."""
    files = {
        "one.py": IMPORTS,
        "inner/__init__.py": "from .. import whole\n",
        "inner/deep.py": "from ..whole import NUMBER\nimport outside_in_test.first\n",
        "whole/__init__.py": "NUMBER = 1\n",
        "whole/part.py": "",
        "late.py": "from . import inner, one\n" * 300,
        "unused.py": "from . import one\n",
    }
    (package.file("whole")).mkdir()
    for name, text in files.items():
        package.write(name, text)
    ours = ("one", "inner", "inner.deep", "whole", "whole.part", "late", "unused")
    known = {f"code_in_test.{name}" for name in ours}
    known |= {"code_in_test", "outside_in_test.first", "outside_in_test.second", "typing"}
    if "bytecode" in form:
        package.without_sources()
    place = package.zipped() if "zip" in form else package.place
    with package.importable(place):
        found = sources.reached(["code_in_test.one"], known, "code_in_test")
        deep = sources.reached(["code_in_test.inner.deep"], known, "code_in_test")
    rest = {"code_in_test.whole", "code_in_test.whole.part", "outside_in_test.first"}
    assert deep == {"code_in_test.inner.deep", *rest}
    assert found == known - {"code_in_test", "code_in_test.unused", "outside_in_test.second"}


def test_imports_are_found_where_a_loader_gives_sources_alone() -> None:
    """As pytest's does, for plugins of its own and all that lies beside them."""

    class Loader:
        def get_data(self, origin: str) -> bytes:
            assert origin == "somewhere.py"
            return b"from .inner import name\n"

    spec: Any = importlib.machinery.ModuleSpec("one", Loader(), origin="somewhere.py")  # type: ignore[arg-type]
    found = sources._import_statements(sources._run(spec))
    assert list(found) == [(1, ("name",), "inner")]


def test_code_of_loaders_without_files_counts() -> None:
    assert sources.fingerprint(["zipimport"], []) != sources.fingerprint(["_frozen_importlib"], [])


def test_a_module_that_is_missing_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        sources.fingerprint(["no_such_module"], [])


def test_settings_and_versions_count() -> None:
    keys = {
        sources.fingerprint([], distributions, settings)
        for distributions in ([], ["numba"])
        for settings in ([], ["O=1"], ["O=", "1"], ["\udcff"])
    }
    assert len(keys) == 8


def test_folders_of_older_code_go_when_they_were_long_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    old = time.time() - sources.KEPT_UNUSED_SECONDS - 60
    for name, when in ((f"kernels-{'0' * 16}", old), (f"kernels-{'1' * 16}", None), ("mine", old)):
        (tmp_path / name).mkdir()
        if when is not None:
            os.utime(tmp_path / name, (when, when))
    assert sources.compiled("kernels", "2" * 16).folder() is not None
    assert {each[:9] for each in os.listdir(cache_folder())} == {"kernels-1", "kernels-2", "mine"}


def test_a_folder_in_use_is_marked_as_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    folder = Store(f"kernels-{'0' * 16}").folder()
    assert folder is not None
    os.utime(folder, (0, 0))
    sources.compiled("kernels", "0" * 16)
    assert folder.stat().st_mtime > time.time() - 60
