"""Python's modes, and code as others ship it: right results, or an error that names the cause."""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata, util
from pathlib import Path

import pytest

CALL = """
import numpy as np
import numconv
x = np.arange(12, dtype="float32").reshape(1, 1, 12)
y = numconv.conv1d(x, np.ones((1, 1, 3), "float32"), algorithm="loops")
print(*y[0, 0, :3])
"""
RIGHT = "3.0 6.0 9.0"
# A call that any backend answers.
ANY = CALL.replace(', algorithm="loops"', "")
BY_CPU = ANY.replace('"float32"))', '"float32"), backend="cpu")')
COMMAND = "import sys; from numconv.cli.main import main; main(sys.argv[1:])"

_DEPENDENCIES = ("numba", "llvmlite", "numpy", "pluggy", "click", "rich", "PIL", "tifffile")
_INFO = "numconv_kernels-0.1.0.dist-info"


def copy_code(place: Path) -> Path:
    """Copy every package of the distribution, and what tells its plugins, into a folder."""
    for name in ("numconv", "numconv_cpu", "numconv_cuda", "numconv_scipy", "numconv_torch"):
        spec = util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(spec.origin).parent, place / name, ignore=ignored)
    (place / _INFO).mkdir()
    installed = metadata.distribution("numconv-kernels")
    named = f"Metadata-Version: 2.1\nName: numconv-kernels\nVersion: {installed.version}\n"
    (place / _INFO / "METADATA").write_text(named)
    (place / _INFO / "entry_points.txt").write_text(installed.read_text("entry_points.txt") or "")
    return place


def packed(place: Path) -> Path:
    """Return a zip of what is in a folder."""
    path = place.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(place.rglob("*")):
            archive.write(file, file.relative_to(place))
    return path


def leave_bytecode(place: Path) -> None:
    """Compile every source in a folder and remove it."""
    assert compileall.compile_dir(place, quiet=1, legacy=True)
    for path in place.rglob("*.py"):
        path.unlink()


def run(*arguments: str, status: int = 0, **variables: str) -> str:
    """Run Python in a process of its own; return its output, errors of a failure included."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + (done.stderr if status else "")


def run_shipped(place: Path, code: str, *arguments: str, status: int = 0, **others: str) -> str:
    """Run code that finds numconv in a folder or zip, and no installed one."""
    path = os.pathsep.join([str(place), *_folders()])
    return run("-S", "-c", code, *arguments, status=status, PYTHONPATH=path, **others)


def _folders() -> list[str]:
    """Return the folders that hold what numconv needs."""
    found = {}
    for name in _DEPENDENCIES:
        spec = util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        found[str(origin.parents[1] if spec.submodule_search_locations else origin.parent)] = None
    return list(found)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_code(tmp_path_factory.mktemp("shipped") / "code")


@pytest.mark.parametrize(
    "options",
    ["-O", "-OO", "-I", "-X utf8", "-X dev -W error"],
    ids=lambda each: each.replace(" ", "_"),
)
def test_options_of_python_change_no_result(options: str) -> None:
    assert run(*options.split(), "-c", CALL).strip() == RIGHT


def test_every_module_can_do_without_docstrings() -> None:
    names = """
import pkgutil, sys, importlib
import numconv, numconv_cpu
for package in (numconv, numconv_cpu):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name not in ("numconv.testing.child", "numconv.benchmarking.worker"):
            importlib.import_module(found.name)
from numconv.testing import laws
assert all(law.promise for law in laws.LAWS)
"""
    run("-OO", "-c", names)


def test_help_can_do_without_docstrings() -> None:
    assert "Show versions, processor" in run("-OO", "-c", COMMAND, "info", "--help")


def test_a_zip_works_as_a_folder_does(code: Path) -> None:
    """With the kernels of the installed package: it is the same code."""
    archive = packed(code)
    assert run_shipped(archive, CALL).strip() == RIGHT
    module = "numconv_cpu.algorithms.winograd.solve"
    key = f"import numconv_cpu.runtime.cache as cache; print(cache.fingerprint({module!r}))"
    assert run_shipped(archive, key) == run("-c", key)
    assert run_shipped(archive, READ).split() == ["tiny", "photograph"]


def test_an_application_in_a_zip_checks_in_children(code: Path, tmp_path: Path) -> None:
    application = tmp_path / "application"
    shutil.copytree(code, application)
    (application / "__main__.py").write_text("from numconv.cli.main import main; main()\n")
    command = "verify --backend reference --op pointwise --law delta"
    path = os.pathsep.join(_folders())
    said = run("-S", str(packed(application)), *command.split(), PYTHONPATH=path)
    assert "every law is kept: 8 of 8 checks" in said


READ = """
from numconv.benchmarking import suites
from numconv.cli.images import photograph
assert len(suites.names()) > 9 and suites.load("tiny").layers
print("tiny" if "tiny" in suites.names() else "")
print("photograph" if photograph().size else "")
"""


def test_changed_bytecode_is_compiled_anew(code: Path, tmp_path: Path) -> None:
    """Of two versions without sources, the second must not be given the kernels of the first."""
    place = tmp_path / "code"
    shutil.copytree(code, place)
    kernels = place / "numconv_cpu" / "algorithms" / "loops" / "kernels.py"
    before = kernels.read_text()
    other = before.replace("value = sums[x]\n", "value = sums[x] + 100\n")
    assert other != before
    leave_bytecode(place)
    cache = {"NUMCONV_CACHE_DIR": str(tmp_path / "cache")}
    assert run_shipped(place, CALL, **cache).strip() == RIGHT
    kernels.write_text(other)
    py_compile.compile(str(kernels), str(kernels.with_suffix(".pyc")))
    kernels.unlink()
    assert run_shipped(place, CALL, **cache).strip() == "103.0 106.0 109.0"


def test_code_without_its_metadata_says_what_is_missing(code: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(code, alone, ignore=shutil.ignore_patterns("*.dist-info"))
    hidden = "import importlib.metadata as m; m.entry_points = lambda **_: ()\n"
    said = run_shipped(alone, hidden + CALL, status=1)
    assert "no entry points found: numconv-kernels's .dist-info is missing on sys.path" in said


@pytest.mark.parametrize("switch", ["variable", "attribute", "file"])
def test_without_the_compiler_the_reference_answers(switch: str, tmp_path: Path) -> None:
    variables, before = {}, ""
    if switch == "variable":
        variables["NUMBA_DISABLE_JIT"] = "1"
    elif switch == "attribute":
        before = "import numba; numba.config.DISABLE_JIT = True\n"
    else:
        pytest.importorskip("yaml", reason="Numba reads its file where PyYAML is installed")
        (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\n")
        before = f"import os; os.chdir({str(tmp_path)!r})\n"
    assert run("-W", "ignore", "-c", before + ANY, **variables).strip() == RIGHT
    said = run("-W", "error", "-c", before + ANY, status=1, **variables)
    assert "PerformanceWarning: no fast algorithm accepts this" in said
    said = run("-c", before + BY_CPU, status=1, **variables)
    assert "BackendError: backend 'cpu' is unavailable: Numba's compiler is switched off" in said
    assert "unset NUMBA_DISABLE_JIT" in said


@pytest.mark.parametrize("value", ["0", "no"])
def test_a_compiler_that_is_not_switched_off_compiles(value: str) -> None:
    assert run("-W", "ignore", "-c", CALL, NUMBA_DISABLE_JIT=value).strip() == RIGHT


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a POSIX shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_commands_do_without_descriptors(closed: str) -> None:
    command = "info" if len(closed) < 5 else "verify --backend reference --op pointwise --law delta"
    line = f'exec "$0" -c "$1" {command} {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable, COMMAND], timeout=120)
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_device_is_told_in_a_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "info"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("numconv: cannot read or write: ")
    assert "Traceback" not in done.stderr


def test_children_run_in_the_mode_of_their_parent() -> None:
    code = "from numconv.core.machine import interpreter; print(*interpreter()[1:])"
    said = run("-I", "-OO", "-W", "error", "-c", code)
    assert {"-I", "-OO", "-Werror"} <= set(said.split())
