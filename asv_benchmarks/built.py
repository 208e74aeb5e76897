"""What `asv continuous` leaves behind: wheels of both commits, an environment, and its results."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from turns import Benchmark


class NotMeasuredError(RuntimeError):
    """The reason why there can be no verdict."""


@dataclass(frozen=True)
class Built:
    """Both commits as wheels, the Python and the variables of their environment, asv's findings."""

    wheels: tuple[Path, Path]
    python: Path
    benchmarks: list[Benchmark]
    environment: dict[str, str] = field(default_factory=dict)
    asv_ratios: dict[str, float] = field(default_factory=dict)


def commit_hash(config: Path, name: str) -> str:
    """Return the hash of a commit of the benchmarked repository."""
    repository = config.parent / _read(config)["repo"]
    command = [
        "git",
        "-C",
        str(repository),
        "rev-parse",
        "--verify",
        "--quiet",
        f"{name}^{{commit}}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NotMeasuredError(f"no commit {name!r} in {repository}")
    return done.stdout.strip()


def run_asv(config: Path, commits: Sequence[str], pattern: str, factor: float) -> None:
    """Let asv build both commits and measure them in one round; what it says goes to stderr."""
    if find_spec("asv") is None:
        raise NotMeasuredError("asv is not installed: pip install -e '.[asv]'")
    asv = [sys.executable, "-m", "asv", "--config", str(config)]
    if not (Path.home() / ".asv-machine.json").is_file():
        subprocess.run([*asv, "machine", "--yes"], stdout=sys.stderr, check=True)
    command = [
        *asv,
        "continuous",
        "--show-stderr",
        "--factor",
        str(factor),
        "--attribute",
        "rounds=1",
    ]
    # Its status says that something changed, or that a benchmark failed: both are looked at later.
    subprocess.run([*command, "--bench", pattern, *commits], stdout=sys.stderr)


def measured_by_asv(config: Path, commits: Sequence[str], pattern: str) -> Built:
    """Return what asv built and found for these commits.

    Raises
    ------
    NotMeasuredError
        If a commit was not built, or no timing benchmark matches.
    """
    settings = _read(config)
    results = config.parent / settings["results_dir"]
    described = (
        _read(results / "benchmarks.json") if (results / "benchmarks.json").is_file() else {}
    )
    benchmarks = [
        each
        for benchmark in described.values()
        for each in timed(benchmark)
        if re.search(pattern, each.label)
    ]
    if not benchmarks:
        raise NotMeasuredError(f"no timing benchmark matches {pattern!r}")
    for environment in sorted((config.parent / settings["env_dir"]).glob("*/asv-build-cache")):
        wheels = [wheel for commit in commits for wheel in (environment / commit).glob("*.whl")]
        if len(wheels) == len(commits):
            python = environment.parent / "bin" / "python"
            variables = settings.get("matrix", {}).get("env_nobuild", {})
            return Built(
                wheels=(wheels[0], wheels[1]),
                python=python,
                benchmarks=benchmarks,
                environment={name: values[0] for name, values in variables.items()},
                asv_ratios=_ratios(results, commits, described),
            )
    raise NotMeasuredError("asv did not build both commits: see above")


def timed(benchmark: Any) -> list[Benchmark]:
    """Return a benchmark of asv with each of its parameters, none if it does not time a call."""
    if not isinstance(benchmark, dict) or not re.search(r"\.time_\w+$", benchmark["name"]):
        return []
    if not benchmark["params"]:
        return [Benchmark(benchmark["name"])]
    parameters = (", ".join(each) for each in itertools.product(*benchmark["params"]))
    return [Benchmark(benchmark["name"], index, each) for index, each in enumerate(parameters)]


def _ratios(results: Path, commits: Sequence[str], described: dict[str, Any]) -> dict[str, float]:
    """Return, by label, the ratio of what asv measured after and before."""
    from asv.results import iter_results

    values: dict[str, dict[str, float]] = {commit: {} for commit in commits}
    for result in iter_results(str(results)):
        for name, benchmark in described.items():
            if result.commit_hash in values and name in result.get_all_result_keys():
                found = result.get_result_value(name, benchmark["params"])
                for each, value in zip(timed(benchmark), found, strict=False):
                    if value is not None and value == value:
                        values[result.commit_hash][each.label] = value
    before, after = (values[commit] for commit in commits)
    return {label: after[label] / before[label] for label in before.keys() & after.keys()}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
