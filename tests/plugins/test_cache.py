"""Kernels on disk are code: only one's own is run, and nothing in their folder stops a call."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import os
import pickle
import pkgutil
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

import numconv_cpu
from numconv_cpu.runtime import cache

CALL = """
import numba
from numconv_cpu.runtime.compile import kernel

def double(x):
    return 2 * x

double = kernel(double)
print(double(3.0), sum(double.stats.cache_hits.values()))
"""
SOMEBODY = 54321
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files to others"
)
needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no users here")


class Evil:
    """Something that leaves a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.mark),)


class Caller:
    """Calls one small kernel in a process of its own, with a cache of its own."""

    def __init__(self, place: Path) -> None:
        self.cache, self.temporary = place / "cache", place / "temporary"
        self.temporary.mkdir()
        self.mark = place / "evil"

    def __call__(self, *options: str, umask: int = -1, **variables: str) -> str:
        environment = {**os.environ, "NUMCONV_CACHE_DIR": str(self.cache), **variables}
        environment["TMPDIR"] = str(self.temporary)
        done = subprocess.run(
            [sys.executable, *options, "-c", CALL],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            umask=umask,
        )
        assert done.returncode == 0, done.stderr
        self.said = done.stderr
        return done.stdout.strip()

    @property
    def kernels(self) -> list[Path]:
        return [each for each in self.cache.glob("kernels-*/*") if "double" in each.name]

    def plant(self) -> None:
        """Put code of somebody else's in place of each kernel."""
        for path in self.kernels:
            code = pickle.dumps(Evil(self.mark))
            path.write_bytes(hashlib.sha256(code).digest() + code)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the kernel, made under the most careless umask."""
    place = tmp_path_factory.mktemp("filled")
    call = Caller(place)
    assert call(umask=0) == "6.0 0"
    return call.cache


@pytest.fixture
def call(tmp_path: Path, filled: Path) -> Caller:
    caller = Caller(tmp_path)
    shutil.copytree(filled, caller.cache)
    return caller


def test_kernels_are_found_again(call: Caller) -> None:
    assert call("-W", "error") == "6.0 1"
    assert not any(call.temporary.iterdir())


@needs_users
def test_any_umask_leaves_them_to_this_user(filled: Path) -> None:
    found = [filled, *filled.rglob("*")]
    assert {stat.S_IMODE(each.stat().st_mode) for each in found} == {0o700, 0o600}


def test_code_that_fits_its_digest_is_run(call: Caller) -> None:
    """So that the tests below show something."""
    call.plant()
    assert call() == "6.0 0"
    assert call.mark.exists()


@needs_users
@pytest.mark.parametrize("open_to_others", ["cache", "folder", "file"])
def test_what_others_can_write_is_not_run(call: Caller, open_to_others: str) -> None:
    call.plant()
    (kernel,) = call.kernels
    path = {"cache": call.cache, "folder": kernel.parent, "file": kernel}[open_to_others]
    path.chmod(path.stat().st_mode | 0o022)
    assert call() == "6.0 0"
    assert not call.mark.exists()
    assert call.said.count("PerformanceWarning: ") == 1
    assert call.said.startswith("<string>:"), "the caller's line is blamed"
    assert "can be written by other users" in call.said
    assert call() == "6.0 1", "its own copy is found again"


@as_root
@pytest.mark.parametrize("owned", ["cache", "folder", "file"])
def test_what_belongs_to_another_user_is_not_run(call: Caller, owned: str) -> None:
    call.plant()
    (kernel,) = call.kernels
    os.chown({"cache": call.cache, "folder": kernel.parent, "file": kernel}[owned], SOMEBODY, -1)
    assert call() == "6.0 0"
    assert not call.mark.exists()
    assert f"belongs to another user ({SOMEBODY})" in call.said


@needs_users
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_what_is_no_file_does_not_stop_a_call(call: Caller, kind: str) -> None:
    (kernel,) = call.kernels
    kernel.rename(call.cache / "kernel")
    if kind == "fifo":
        os.mkfifo(kernel)
    else:
        kernel.symlink_to(call.cache / "kernel")
    assert call() == "6.0 0"
    assert "is not a regular file" in call.said
    assert call("-W", "error") == "6.0 1", "it was replaced"


@pytest.mark.parametrize("variable", ["NUMBA_OPT", "NUMBA_BOUNDSCHECK"])
def test_what_was_compiled_otherwise_is_no_substitute(call: Caller, variable: str) -> None:
    assert call(**{variable: "1"}) == "6.0 0"


def test_the_key_counts_every_module_that_kernels_use() -> None:
    """A constant of another package stands in the compiled code: if it changes, so must the key."""
    used = {}
    for module in [importlib.import_module(name) for name in names_of_modules()]:
        origins = origins_of_names(module)
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.__module__ == module.__name__:
                for name in names_in(function.py_func.__code__) & origins.keys():
                    used[f"{module.__name__}: {name}"] = origins[name]
    assert used, "some kernel uses a constant of the core"
    counted = tuple(cache.MODULES)
    missed = {where: origin for where, origin in used.items() if not origin.startswith(counted)}
    assert not missed


def names_of_modules() -> list[str]:
    found = pkgutil.walk_packages(numconv_cpu.__path__, "numconv_cpu.")
    return [each.name for each in found]


def origins_of_names(module: ModuleType) -> dict[str, str]:
    """Return from which module of the core a module has each of its names."""
    tree = ast.parse(inspect.getsource(module))
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numconv.core")
        for alias in node.names
    }


def names_in(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*map(names_in, inner))


def test_each_user_of_a_process_has_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was started by root goes on as somebody else."""
    before = cache.kernels()
    assert cache.kernels() is before
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY, raising=False)
    assert cache.kernels() is not before
