"""Plugins that are broken, greedy or healthy: the rest works, and each fault is reported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKS = """
import numpy as np, numconv, json
from numconv.core import plugins, dispatch
got = numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), backend="reference")
assert got.tolist() == [[[3.0, 3.0, 3.0]]]
faults = {f.plugin.split(" ")[0]: f.error for f in plugins.faults()}
"""

BACKEND = """
import numpy as np
from numconv.core.hookspecs import hookimpl
from numconv.core.protocol import Status

class Plan:
    workspace_bytes = 0
    def __call__(self, *arrays, out):
        out[...] = 42
    def describe(self):
        return "the answer"
    def prepare(self, weight):
        return weight

class Answer:
    name = "answer"
    def refusal(self, problem):
        return None
    def cost(self, problem):
        return 1e-9
    def plan(self, problem):
        return Plan()

class Backend:
    name = "{name}"
    device = "cpu"
    priority = {priority}
    def status(self):
        return Status("ready")
    def algorithms(self, problem):
        return (Answer(),)

@hookimpl
def numconv_backends():
    return [Backend()]
"""

OPERATOR = """
from dataclasses import dataclass
import numpy as np
from numconv.core import dispatch
from numconv.core.hookspecs import hookimpl
from numconv.core.problems import Epilogue
from numconv.core.protocol import Case, Demonstration, Operand

@dataclass(frozen=True)
class Doubling:
    shape: tuple
    dtype: str
    epilogue: Epilogue = Epilogue()
    terms = macs = min_bytes = 1
    accuracy = "standard"
    @property
    def result_dtype(self):
        return self.dtype
    @property
    def result_shape(self):
        return self.shape
    @property
    def operand_shapes(self):
        return (self.shape,)

def build(x, factor):
    return Doubling(x.shape, x.dtype)

def naive(problem, x):
    return 2 * x

class Operator:
    name = "{name}"
    summary = "doubles"
    operands = ("x",)
    naive = {{Doubling: naive}}
    def apply(self, x, factor=2, **options):
        return dispatch.solve(build, (x,), (factor,), ("x",), **options)
    def reference(self, x, **parameters):
        return 2 * x
    def cases(self):
        return (Case("small", (Operand((2, 3), "float32"),)),)
    def demonstration(self, picture):
        return Demonstration((picture,), {{}}, "twice as bright")

@hookimpl
def numconv_operators():
    return [Operator()]
"""


COMMAND = ("-c", "from numconv.cli.main import main; main()")


def install(folder: Path, name: str, source: str, version: str = "1.0") -> None:
    """Put a distribution with one module, registered as a plugin, into `folder`."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[numconv]\n{name} = {name}\n")


def python(folder: Path, *arguments: str) -> str:
    """Return what a Python that sees the plugins in `folder` prints."""
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def after(folder: Path, code: str) -> str:
    """Return what `code` prints once a reference call has been seen to work."""
    return python(folder, "-c", WORKS + code).strip()


HOOK = "from numconv.core.hookspecs import hookimpl\n@hookimpl\n"
BROKEN = {
    "raises_at_import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exits_at_import": ("raise SystemExit(3)", "SystemExit: 3"),
    "does_not_parse": ("def f(:", "SyntaxError: invalid syntax"),
    "misses_a_module": ("import no_such_module_at_all", "ModuleNotFoundError: No module named"),
    "backends_hook_raises": (
        HOOK + "def numconv_backends():\n    raise OSError('no device')",
        "OSError: no device",
    ),
    "operators_hook_exits": (
        HOOK + "def numconv_operators():\n    raise SystemExit('stop')",
        "SystemExit: stop",
    ),
    "hook_gives_none": (HOOK + "def numconv_backends():\n    return None", "TypeError: "),
    "backend_lacks_a_method": (
        BACKEND.format(name="half", priority=500).replace("def status", "def state"),
        "backend 'half' lacks status",
    ),
    "operator_lacks_methods": (
        OPERATOR.format(name="half").replace("def cases", "def case").replace("naive =", "n ="),
        "operator 'half' lacks naive, cases",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_set_aside_with_its_error(tmp_path: Path, kind: str) -> None:
    source, error = BROKEN[kind]
    install(tmp_path, "broken", source)
    faults = json.loads(after(tmp_path, "print(json.dumps(faults))"))
    assert faults["broken"].startswith(error)
    assert list(faults) == ["broken"]


def test_the_command_backends_shows_each_fault(tmp_path: Path) -> None:
    install(tmp_path, "broken", "1 / 0")
    install(tmp_path, "quits", "raise SystemExit(3)")
    install(tmp_path, "healthy", BACKEND.format(name="healthy", priority=5))
    printed = json.loads(python(tmp_path, *COMMAND, "backends", "--json"))
    assert {each["plugin"].split()[0]: each["error"] for each in printed["faults"]} == {
        "broken": "ZeroDivisionError: division by zero",
        "quits": "SystemExit: 3",
    }
    states = {each["name"]: each["status"] for each in printed["backends"]}
    assert states["healthy"] == states["reference"] == "ready"


def test_a_status_that_raises_makes_the_backend_unavailable(tmp_path: Path) -> None:
    source = BACKEND.format(name="shaky", priority=500)
    install(tmp_path, "shaky", source.replace('return Status("ready")', "raise OSError('gone')"))
    code = """
x, w = np.ones((1, 1, 5)), np.ones((1, 1, 3))
assert numconv.conv1d(x, w).tolist() == [[[3.0, 3.0, 3.0]]]
listed = str(numconv.explain("conv1d", x, w))
try:
    numconv.conv1d(x, w, backend="shaky")
except numconv.BackendError as error:
    print(error)
assert "OSError: gone" in listed, listed
"""
    assert "OSError: gone" in after(tmp_path, code)
    printed = json.loads(python(tmp_path, *COMMAND, "backends", "--json"))
    (shaky,) = (each for each in printed["backends"] if each["name"] == "shaky")
    assert shaky["status"] == "unavailable"
    assert "OSError: gone" in shaky["reason"]


def test_what_was_measured_of_another_version_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path / "cache"))
    source = BACKEND.format(name="stranger", priority=500)
    source = source.replace("return (Answer(),)", "return (Answer(), Other())")
    other = "class Other(Answer):\n    name = 'other'\n\n"
    source = source.replace("class Backend:", other + "class Backend:")
    code = """
from numconv.core import tuning
from numconv.core.protocol import Operand
with dispatch.tracing() as traced:
    numconv.conv1d(Operand((1, 1, 5), "float64"), Operand((1, 1, 3), "float64"))
found = tuning.tune(traced[0].problem, "stranger")
print(json.dumps([plugins.registry().origins["stranger"], found.remembered]))
"""
    for version, remembered in (("1.0", False), ("1.0", True), ("1.1", False)):
        install(tmp_path, "stranger", source, version)
        assert json.loads(after(tmp_path, code)) == [["stranger", version], remembered]


def test_an_algorithm_that_lacks_a_method_is_named(tmp_path: Path) -> None:
    source = BACKEND.format(name="half", priority=1)
    install(tmp_path, "half", source.replace("def cost", "def price"))
    code = """
try:
    numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), backend="half")
except numconv.BackendError as error:
    print(error)
"""
    assert after(tmp_path, code) == "backend 'half': algorithm 'answer' lacks cost"


def test_a_broken_algorithm_spoils_no_other_backend(tmp_path: Path) -> None:
    source = BACKEND.format(name="half", priority=1000)
    install(tmp_path, "half", source.replace("def cost", "def price"))
    code = """
print(numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3))).tolist())
from numconv.cli.main import main
main(["backends", "--json"])
"""
    first, _, report = after(tmp_path, code).partition("\n")
    assert json.loads(first) == [[[3.0, 3.0, 3.0]]]
    faults = json.loads(report)["faults"]
    assert faults == [{"plugin": "half", "error": "algorithm 'answer' lacks cost"}]


def test_an_exception_inside_refusal_propagates(tmp_path: Path) -> None:
    source = BACKEND.format(name="buggy", priority=500)
    install(tmp_path, "buggy", source.replace("        return None\n", "        1 / 0\n"))
    code = """
for backend in ("auto", "buggy"):
    try:
        numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), backend=backend)
    except ZeroDivisionError as error:
        print(backend)
"""
    assert after(tmp_path, code).split() == ["auto", "buggy"]


def test_two_strangers_with_one_backend_name_are_both_set_aside(tmp_path: Path) -> None:
    for plugin in ("first", "second"):
        install(tmp_path, plugin, BACKEND.format(name="twin", priority=500))
    code = "print(json.dumps([faults, list(plugins.backends())]))"
    faults, names = json.loads(after(tmp_path, code))
    assert "twin" not in names
    assert faults["first"] == "backend name 'twin' is also brought by second (second)"
    assert faults["second"] == "backend name 'twin' is also brought by first (first)"


@pytest.mark.parametrize("name", ["cpu", "reference"])
def test_our_backend_keeps_its_name(tmp_path: Path, name: str) -> None:
    install(tmp_path, "thief", BACKEND.format(name=name, priority=500))
    code = f"print(json.dumps([faults, type(plugins.backends()[{name!r}]).__module__]))"
    faults, module = json.loads(after(tmp_path, code))
    assert module.startswith("numconv")
    assert faults["thief"].startswith(f"backend name {name!r} is also brought by")


def test_our_operator_keeps_its_name(tmp_path: Path) -> None:
    install(tmp_path, "thief", OPERATOR.format(name="direct"))
    code = "print(json.dumps([faults, type(plugins.operator('direct')).__module__]))"
    faults, module = json.loads(after(tmp_path, code))
    assert module.startswith("numconv.")
    owner = "operators (numconv.core.operators.plugin)"
    assert faults["thief"] == f"operator name 'direct' is also brought by {owner}"


def test_two_strangers_with_one_operator_name_are_both_set_aside(tmp_path: Path) -> None:
    for plugin in ("first", "second"):
        install(tmp_path, plugin, OPERATOR.format(name="twin"))
    code = "print(json.dumps([sorted(faults), 'twin' in plugins.operators()]))"
    assert json.loads(after(tmp_path, code)) == [["first", "second"], False]


@pytest.mark.parametrize(
    ("priority", "auto"),
    [pytest.param(500, 42.0, id="higher"), pytest.param(1, 3.0, id="lower")],
)
def test_auto_follows_priority_and_a_name_always_works(
    tmp_path: Path, priority: int, auto: float
) -> None:
    install(tmp_path, "stranger", BACKEND.format(name="stranger", priority=priority))
    code = """
x, w = np.ones((1, 1, 5)), np.ones((1, 1, 3))
print(json.dumps([numconv.conv1d(x, w, backend=b)[0, 0, 0] for b in ("auto", "stranger")]))
"""
    assert json.loads(after(tmp_path, code)) == [auto, 42.0]


def test_a_strangers_operator_runs_on_reference_at_once(tmp_path: Path) -> None:
    install(tmp_path, "stranger", OPERATOR.format(name="doubling"))
    code = """
import warnings
warnings.simplefilter("ignore", numconv.PerformanceWarning)
doubled = plugins.operator("doubling").apply(np.arange(6.0).reshape(2, 3))
chosen = numconv.explain("doubling", (2, 3)).stages[0]
print(json.dumps([doubled.ravel().tolist(), chosen.backend, faults]))
"""
    assert json.loads(after(tmp_path, code)) == [[0, 2, 4, 6, 8, 10], "reference", {}]


def test_the_command_run_takes_a_strangers_operator(tmp_path: Path) -> None:
    install(tmp_path, "stranger", OPERATOR.format(name="doubling"))
    written = tmp_path / "doubled.png"
    command = (*COMMAND, "run", "--op", "doubling", "--output", str(written))
    python(tmp_path, *command)
    assert written.stat().st_size > 0
