"""The verdict on a pull request, from what asv leaves behind and what turns show."""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "asv_benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def module(name: str) -> Any:
    return importlib.import_module(name)


def passes(*ratios: float, minima: float | None = None) -> list[Any]:
    comparison = module("turns").Comparison
    return [comparison(1.0, ratio, ratio, minima or ratio) for ratio in ratios]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"ratios": (1.3, 1.28, 1.35)}, "slower"),
        ({"ratios": (1.3, 1.02, 1.35)}, "unchanged"),
        ({"ratios": (2.0,)}, "unchanged"),
        ({"ratios": (1.5, 1.5, 1.5), "minima": 1.0}, "unchanged"),
        ({"ratios": (0.7, 0.6, 0.7)}, "faster"),
        ({"ratios": (0.7, 0.99, 0.7)}, "unchanged"),
    ],
    ids=["every_time", "not_every_time", "once_only", "not_at_its_best", "faster", "once_faster"],
)
def test_only_what_shows_every_time_counts(found: dict[str, Any], kind: str) -> None:
    measured = passes(*found["ratios"], minima=found.get("minima"))
    verdict = module("verdict").decide({"a": measured}, 1.1)
    assert [each.benchmark for each in getattr(verdict, kind)] == ["a"]
    assert verdict.passed == (kind != "slower")


def test_verdict_is_one_line_the_slowest_first() -> None:
    verdict = module("verdict").decide(
        {"a": passes(1.2, 1.2, 1.2), "b": passes(1.9, 2.0, 2.1), "c": passes(1.0)}, 1.1, {"b": 0.9}
    )
    assert verdict.line == "slower: b 2.00x, a 1.20x"
    assert verdict.slower[0].asv_ratio == 0.9
    verdict.broken["d"] = "HEAD: it raised"
    assert verdict.line.endswith("; broken: d")
    assert module("verdict").decide({"c": passes(1.0)}, 1.1).line == "no regression (1 benchmarks)"


def test_a_benchmark_that_breaks_is_no_pass() -> None:
    verdict = module("verdict").Verdict(broken={"d": "HEAD: it raised"})
    assert not verdict.passed


@pytest.fixture
def asv_folder(tmp_path: Path) -> Path:
    """Give what asv leaves of two commits: wheels, descriptions and results."""
    (tmp_path / "asv.conf.json").write_text((FOLDER / "asv.conf.json").read_text())
    results, env = tmp_path / ".asv" / "results", tmp_path / ".asv" / "env" / "abc"
    (results / "machine").mkdir(parents=True)
    names = {"operators.direct_auto.time_call": [["'small'", "'large'"]], "share.of_cpu.track": []}
    described = {
        name: {"name": name, "params": params, "version": "1"} for name, params in names.items()
    }
    (results / "benchmarks.json").write_text(json.dumps({**described, "version": 2}))
    for commit, times in (("a" * 40, [2.0, 4.0]), ("b" * 40, [3.0, None])):
        (env / "asv-build-cache" / commit).mkdir(parents=True)
        (env / "asv-build-cache" / commit / "numconv.whl").touch()
        result = {
            "commit_hash": commit,
            "env_name": "virtualenv",
            "date": 0,
            "params": {"machine": "machine"},
            "python": "3.11",
            "requirements": {},
            "env_vars": {},
            "result_columns": ["result", "params", "version"],
            "results": {"operators.direct_auto.time_call": [times, [["'small'", "'large'"]], "1"]},
            "durations": {},
            "version": 2,
        }
        (results / "machine" / f"{commit[:8]}-virtualenv.json").write_text(json.dumps(result))
        (results / "machine" / "machine.json").write_text('{"machine": "machine", "version": 1}')
    return tmp_path


def test_results_of_asv_are_read(asv_folder: Path) -> None:
    pytest.importorskip("asv", reason="asv is not installed")
    commits = ["a" * 40, "b" * 40]
    built = module("built").measured_by_asv(asv_folder / "asv.conf.json", commits, "_auto")
    assert [each.label for each in built.benchmarks] == [
        "operators.direct_auto.time_call('small')",
        "operators.direct_auto.time_call('large')",
    ]
    assert [each.index for each in built.benchmarks] == [0, 1]
    assert built.asv_ratios == {"operators.direct_auto.time_call('small')": 1.5}
    assert [wheel.parent.name for wheel in built.wheels] == commits
    assert built.environment == {"OMP_WAIT_POLICY": "passive"}


@pytest.mark.parametrize(
    ("commits", "pattern", "reason"),
    [
        (["a" * 40, "c" * 40], "_auto", "did not build"),
        (["a" * 40, "b" * 40], "share", "no timing benchmark"),
    ],
    ids=["a_commit_was_not_built", "nothing_to_time"],
)
def test_what_asv_did_not_do_is_told(
    asv_folder: Path, commits: list[str], pattern: str, reason: str
) -> None:
    built = module("built")
    with pytest.raises(built.NotMeasuredError, match=reason):
        built.measured_by_asv(asv_folder / "asv.conf.json", commits, pattern)


def test_status_says_what_the_verdict_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict, built = module("verdict"), module("built")
    monkeypatch.setattr(verdict, "commit_hash", lambda config, name: name * 40)
    monkeypatch.setattr(verdict, "run_asv", lambda *arguments: None)
    nothing = built.Built((Path("a"), Path("b")), Path("python"), [])
    monkeypatch.setattr(verdict, "measured_by_asv", lambda *arguments: nothing)
    ratio = 1.0
    monkeypatch.setattr(
        verdict, "measure", lambda *arguments: verdict.decide({"x": passes(*(ratio,) * 3)}, 1.1)
    )
    assert verdict.main(["a", "b"]) == 0
    assert "no regression" in capsys.readouterr().out
    ratio = 1.5
    assert verdict.main(["a", "b", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "slower"
    assert told["slower"][0]["ratio"] == 1.5
    assert verdict.main(["a", "a"]) == 2
    assert "same commit" in capsys.readouterr().err
    assert verdict.main(["a", "b", "--bench", "("]) == 2


SLOWED = """
import time
import numconv
conv2d = numconv.conv2d

def slowed(*arguments, **parameters):
    end = time.perf_counter() + 5e-5
    while time.perf_counter() < end:
        pass
    return conv2d(*arguments, **parameters)

numconv.conv2d = slowed
"""
BROKEN = """
import numconv
def broken(*arguments, **parameters):
    raise ValueError("broken")
numconv.conv2d = broken
"""


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a function that makes two commits of wheels that only change what is installed."""
    monkeypatch.setattr(module("turns"), "ROUNDS", 4)

    def make(base: str, head: str) -> Any:
        wheels = (tmp_path / "base.whl", tmp_path / "head.whl")
        for wheel, code in zip(wheels, (base, head), strict=True):
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr("sitecustomize.py", code)
        calls = module("turns").Benchmark("overhead.Calls.time_thousand_calls")
        return module("built").Built(wheels, Path(sys.executable), [calls])

    return make


def test_a_slower_commit_is_reported(commits: Any) -> None:
    built = commits("", SLOWED)
    verdict = module("verdict").measure(built, built.benchmarks, 1.5)
    (slower,) = verdict.slower
    assert slower.benchmark == "overhead.Calls.time_thousand_calls"
    assert len(slower.passes) == module("verdict").PASSES
    assert slower.ratio > 2
    assert slower.passes[0].after > slower.passes[0].before
    assert not verdict.passed


def test_an_unchanged_commit_passes(commits: Any) -> None:
    built = commits("", "")
    lacking = module("turns").Benchmark("operators.direct_cpu_from_the_future.time_call", 0)
    verdict = module("verdict").measure(built, [lacking, *built.benchmarks], 1.5)
    assert [each.benchmark for each in verdict.unchanged] == [built.benchmarks[0].label]
    assert verdict.skipped == {lacking.label: "a commit lacks it"}
    assert verdict.passed


def test_a_commit_that_breaks_a_benchmark_is_reported(commits: Any) -> None:
    built = commits("", BROKEN)
    verdict = module("verdict").measure(built, built.benchmarks, 1.5)
    assert verdict.broken == {"overhead.Calls.time_thousand_calls": "HEAD: ValueError: broken"}
    assert not verdict.passed
    built = commits(BROKEN, "")
    verdict = module("verdict").measure(built, built.benchmarks, 1.5)
    assert verdict.skipped["overhead.Calls.time_thousand_calls"] == "BASE: ValueError: broken"
    assert verdict.passed
