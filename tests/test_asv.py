"""The benchmarks that asv runs, and their configuration."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from numconv.core import plugins
from numconv.core.protocol import Status

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "asv_benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def module(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture
def fresh_operators() -> Iterator[Any]:
    """Give a function that makes the operators' benchmarks anew from today's registry."""

    def make() -> Any:
        sys.modules.pop("benchmarks.operators", None)
        return module("benchmarks.operators")

    yield make
    sys.modules.pop("benchmarks.operators", None)


def settings() -> Any:
    return json.loads((FOLDER / "asv.conf.json").read_text(encoding="utf-8"))


def test_configuration_names_what_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conf = settings()
    assert (FOLDER / conf["repo"]).resolve() == ROOT
    assert (FOLDER / conf["benchmark_dir"] / "__init__.py").is_file()
    assert project["name"] in conf["uninstall_command"][0].split()
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for folder in ("env_dir", "results_dir", "html_dir"):
        assert conf[folder].split("/")[0] + "/" in ignored


def test_every_selected_layer_is_one_problem() -> None:
    selected = module("benchmarks.layers").SELECTED
    problem_of = module("benchmarks.subjects").problem_of
    for operator, layers in selected.items():
        assert layers, operator
        for label, layer in layers.items():
            assert problem_of(layer).macs > 0, label


def test_every_operator_is_measured_by_the_dispatcher_and_by_an_algorithm() -> None:
    operators = module("benchmarks.operators")
    for operator in module("benchmarks.layers").SELECTED:
        made = [name for name in vars(operators) if name.startswith(f"{operator}_")]
        if operator == "large":
            assert made == []
        else:
            assert f"{operator}_auto" in made
            assert [name for name in made if name.startswith(f"{operator}_cpu_")]


def test_names_are_told_apart_by_asv() -> None:
    """asv splits names at dots, and takes what follows a minus for a parameter's index."""
    subject = module("benchmarks.subjects").Subject("my-backend", "im2col.v2")
    assert re.fullmatch(r"\w+", subject.name)
    assert subject.name != module("benchmarks.subjects").AUTO.name


def test_what_a_commit_lacks_does_not_apply() -> None:
    operators = module("benchmarks.operators")
    lacking = operators.direct_cpu_from_the_future()
    assert lacking.params == operators.direct_auto.params
    with pytest.raises(NotImplementedError, match="lacks"):
        lacking.setup(lacking.params[0][0])
    share = module("benchmarks.share").of_nobody()
    with pytest.raises(NotImplementedError, match="peak"):
        share.setup(share.params[0][0])
    layer = SimpleNamespace(
        function="conv9d", operands=((1, 1, 4), (1, 1, 3)), parameters={}, dtype="float32"
    )
    subjects = module("benchmarks.subjects")
    for changed in ({}, {"function": "conv1d", "parameters": {"novelty": 1}}):
        vars(layer).update(changed)
        with pytest.raises(NotImplementedError, match="this commit"):
            subjects.warm_call(layer)
        assert subjects.problem_of(layer) is None
    # An argument that this commit refuses is no reason for the others to fail.
    layer.parameters = {"padding_mode": "from the future"}
    assert subjects.problem_of(layer) is None
    assert subjects.subjects([layer]) == [subjects.AUTO]
    # asv looks for these in every module.
    for name in ("__path__", "setup", "setup_cache", "params", "timeout", "version"):
        assert not hasattr(operators, name)


def backend(name: str, priority: int, refusal: Any) -> Any:
    algorithm = SimpleNamespace(name="fast", refusal=refusal, cost=None, plan=None)
    return SimpleNamespace(
        name=name,
        device="cpu",
        priority=priority,
        status=lambda: Status("ready"),
        algorithms=lambda problem: (algorithm,),
    )


def test_a_strangers_backend_comes_in_by_itself(
    monkeypatch: pytest.MonkeyPatch, fresh_operators: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def accept(problem: Any) -> str | None:
        return None if problem.terms > 1 else "too simple"

    known = plugins.registry().backends
    monkeypatch.setitem(known, "stranger", backend("stranger", 10, accept))
    monkeypatch.setitem(known, "peer", backend("peer", -10, accept))
    monkeypatch.setitem(known, "broken", backend("broken", 10, lambda problem: 1 / 0))
    made = vars(fresh_operators())
    assert made["direct_stranger_fast"].subject.backend == "stranger"
    assert not [name for name in made if "peer" in name or "broken" in name or "reference" in name]
    assert "broken is left out: ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "complex64"])
def test_operands_are_of_the_layers_dtype_and_the_same_every_time(dtype: str) -> None:
    layer = SimpleNamespace(operands=((1, 2, 5), (2, 2, 3)), dtype=dtype)
    first, again = (module("benchmarks.subjects").operands(layer) for _ in range(2))
    assert [(each.shape, each.dtype.name) for each in first] == [
        (shape, dtype) for shape in layer.operands
    ]
    for one, other in zip(first, again, strict=True):
        assert one.any()
        np.testing.assert_array_equal(one, other)


def test_a_layer_runs_by_the_dispatcher_and_by_name(fresh_operators: Any) -> None:
    operators = fresh_operators()
    for name in ("depthwise_auto", "depthwise_cpu_depthwise"):
        made = getattr(operators, name)()
        layer = made.params[0][-1]
        made.setup(layer)
        warm = made._call
        made.setup(layer)
        assert made._call is warm
        made.time_call(layer)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("Calls", "time_thousand_calls"),
        ("Dispatch", "time_thousand_calls"),
        ("Dispatch", "time_thousand_plan_lookups"),
        ("Plans", "time_thousand_calls"),
        ("Plans", "time_ten_plans"),
    ],
)
def test_overhead_runs(kind: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins.registry(), "backends", dict(plugins.registry().backends))
    made = getattr(module("benchmarks.overhead"), kind)()
    made.setup()
    getattr(made, method)()


@pytest.mark.parametrize(
    ("kind", "door"),
    [("SignalDirect", "signal"), ("SignalFft", "signal"), ("PictureGaussian", "ndimage")],
)
def test_doors_run(kind: str, door: str) -> None:
    pytest.importorskip(f"numconv.{door}", reason="this commit lacks the door")
    made = getattr(module("benchmarks.doors"), kind)()
    made.setup()
    made.time_call()


def test_first_call_is_timed_in_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from numconv.core.cache import cache_folder

    compiling = module("benchmarks.compiling")
    made = compiling.FirstCall()
    for algorithm in made.params[0]:
        made.setup(algorithm)
        assert compiling._first_call(algorithm, str(cache_folder())) > 0


def test_imports_are_statements() -> None:
    made = module("benchmarks.importing").Import()
    for name in dir(made):
        if name.startswith("timeraw_"):
            compile(getattr(made, name)(), name, "exec")
