"""Kernels on disk are code: only one's own is run, and nothing in their folder stops a call."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import json
import os
import pickle
import pkgutil
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

import numconv
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


def test_the_key_counts_every_module_that_is_imported() -> None:
    """Told from bytecode in the key, from the source here."""
    for module in names_of_modules():
        missed = imported(module) - cache.counts(module)
        assert not missed, module


def test_the_key_counts_every_module_that_kernels_use() -> None:
    """A constant of another package stands in the compiled code: if it changes, so must the key.

    What the core imports does not count: a name must come from the module that gives it its value.
    """
    used = []
    for module in [importlib.import_module(name) for name in names_of_modules()]:
        origins = origins_of_names(module)
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.__module__ == module.__name__:
                for name in names_in(function.py_func.__code__) & origins.keys():
                    used.append(origins[name])
                    assert origins[name] in cache.counts(module.__name__)
                    assert name in names_given(origins[name]), (module.__name__, name)
    assert used, "some kernel uses a constant of the core"


def names_of_modules() -> list[str]:
    found = pkgutil.walk_packages(numconv_cpu.__path__, "numconv_cpu.")
    return [each.name for each in found]


def imports_of(module: str) -> Iterator[tuple[str, str]]:
    """Yield each module that is imported from, and the name taken from it, "" for itself."""
    found = importlib.import_module(module)
    package = found.__spec__.parent
    for node in ast.walk(ast.parse(inspect.getsource(found))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from ((base, alias.name) for alias in node.names)


def imported(module: str) -> set[str]:
    """Return the modules of ours that a module imports."""
    known = cache.read()
    found = ((base, f"{base}.{name}") for base, name in imports_of(module))
    return {inner if inner in known else base for base, inner in found} & known.keys()


def origins_of_names(module: ModuleType) -> dict[str, str]:
    """Return from which module of the core a module has each of its names."""
    found = imports_of(module.__name__)
    return {name: base for base, name in found if base.startswith("numconv.core")}


def names_given(module: str) -> set[str]:
    """Return the names that a module defines, and does not import."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def names_in(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*map(names_in, inner))


def test_each_user_of_a_process_has_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was started by root goes on as somebody else."""
    module = "numconv_cpu.runtime.launch"
    before = cache.kernels(module)
    assert cache.kernels(module) is before
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY, raising=False)
    assert cache.kernels(module) is not before


KEYS = """
import json
from numconv_cpu.runtime import cache
print(json.dumps({name: cache.fingerprint(name) for name in cache.read()}))
"""
# One that all threads are started by, and a helper of a helper of it.
START = """
from numconv_cpu.runtime.launch import _start, start
start.compile()
print(sum(_start.stats.cache_hits.values()))
"""


class Copy:
    """A copy of our code that may be changed, run by a cache of its own."""

    def __init__(self, place: Path) -> None:
        for package in (numconv, numconv_cpu):
            source = Path(package.__path__[0])
            shutil.copytree(source, place / source.name, ignore=shutil.ignore_patterns("*.pyc"))
        self._place = place

    def change(self, module: str) -> None:
        with (self._place / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write("ANOTHER = 1\n")

    def run(self, code: str) -> str:
        folders = {"PYTHONPATH": str(self._place), "NUMCONV_CACHE_DIR": str(self._place / "cache")}
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **folders},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return run.stdout.strip()


def test_a_change_makes_stale_what_is_made_of_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    keys = [json.loads(copy.run(KEYS))]
    kernels = {f"numconv_cpu.algorithms.{each}" for each in KERNELS}
    for module, stale in STALE.items():
        copy.change(module)
        keys.append(json.loads(copy.run(KEYS)))
        changed = {name for name in kernels if keys[-1][name] != keys[-2][name]}
        wanted = {name for name in kernels if name.split(".")[2] in stale}
        assert changed == wanted, module


EVERY = (
    *("depthwise", "fft", "filtering", "involution", "loops", "lowered", "spectral", "winograd"),
)
KERNELS = (
    *("depthwise.sweep", "depthwise.phases", "fft.solve", "filtering.kernel", "involution.kernel"),
    *("loops.kernels", "lowered.solve", "spectral.solve", "winograd.solve"),
)
STALE = {
    "numconv_cpu.algorithms.winograd.vectors": ["winograd"],
    "numconv_cpu.algorithms.winograd.plan": [],
    "numconv_cpu.algorithms.fourier.butterflies": ["fft", "spectral"],
    "numconv_cpu.algorithms.lowered.channels": ["lowered"],
    "numconv_cpu.kernel.padding": [each for each in EVERY if each != "spectral"],
    "numconv_cpu.runtime.passes": EVERY,
    "numconv.core.dispatch": [],
    "numconv.core.problems.filter": ["filtering"],
}


def test_a_kernel_is_compiled_anew_for_what_it_is_made_of_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    assert copy.run(START) == "0"
    copy.change("numconv_cpu.algorithms.winograd.vectors")
    assert copy.run(START) == "1"
    copy.change("numconv_cpu.runtime.atomic")
    assert copy.run(START) == "0"
    assert copy.run(START) == "1"
