"""The examples as sources: small, cheap to discover, and in need of nothing but the core.

That they install beside a wheel, are found and keep the laws, the gate shows with `.ci/examples`.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NAMES = ("backend_template", "bilateral_operator", "unshared_operator")
MOST_LINES_OF_AN_ALGORITHM = 120
FORBIDDEN = ("numconv_cpu", "numconv_cuda", "numconv_scipy", "numconv_torch")


def sources(example: str) -> list[Path]:
    found = sorted(((EXAMPLES / example) / "src").rglob("*.py"))
    assert found
    return found


def project(example: str) -> dict[str, Any]:
    with ((EXAMPLES / example) / "pyproject.toml").open("rb") as file:
        settings: dict[str, Any] = tomllib.load(file)["project"]
    return settings


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.module


def test_the_templates_algorithm_is_short() -> None:
    files = {path.name: len(path.read_text().splitlines()) for path in sources("backend_template")}
    assert max(files.values()) == files["algorithm.py"] < MOST_LINES_OF_AN_ALGORITHM


@pytest.mark.parametrize("example", NAMES)
def test_a_third_party_needs_no_bundled_plugin(example: str) -> None:
    used = {name.partition(".")[0] for path in sources(example) for name in imported(path)}
    assert "numconv" in used
    assert used.isdisjoint(FORBIDDEN)


@pytest.mark.parametrize("example", NAMES)
def test_the_entry_point_names_a_module(example: str) -> None:
    (target,) = project(example)["entry-points"]["numconv"].values()
    module = (EXAMPLES / example) / "src" / Path(*target.split("."))
    assert module.with_suffix(".py").is_file()


DISCOVER = """
import json, sys
from numconv.core import plugins
found = plugins.registry()
print(json.dumps({
    "backends": list(found.backends), "operators": list(found.operators),
    "faults": [f"{each.plugin}: {each.error}" for each in found.faults],
    "numba": "numba" in sys.modules,
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process in which the examples are installed."""
    folder = tmp_path_factory.mktemp("installed")
    for example in NAMES:
        name = project(example)["name"]
        info = folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        points = project(example)["entry-points"]["numconv"].items()
        listed = "\n".join(f"{point} = {module}" for point, module in points)
        (info / "entry_points.txt").write_text(f"[numconv]\n{listed}\n")
    paths = [str(folder), *(str(place / "src") for place in map(EXAMPLES.joinpath, NAMES))]
    path = os.pathsep.join(filter(None, (*paths, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "ASV_PYTHONPATH": path}


@pytest.fixture(scope="module")
def discovered(installed: dict[str, str]) -> dict[str, Any]:
    """What numconv finds where the examples are installed."""
    done = subprocess.run(
        [sys.executable, "-c", DISCOVER],
        capture_output=True,
        text=True,
        timeout=120,
        env=installed,
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_all_are_found_without_fault(discovered: dict[str, Any]) -> None:
    assert {"template", "bilateral-cpu", "unshared-cpu"} <= set(discovered["backends"])
    assert {"bilateral", "unshared"} <= set(discovered["operators"])
    named = ("template", "bilateral", "unshared")
    assert not [fault for fault in discovered["faults"] if fault.startswith(named)]


def test_discovery_does_not_import_numba(discovered: dict[str, Any]) -> None:
    assert not discovered["numba"]


def test_the_templates_benchmarks_name_what_it_is() -> None:
    conf = json.loads(((EXAMPLES / NAMES[0]) / "asv.conf.json").read_text())
    named = project("backend_template")
    assert conf["project"] == named["name"]
    assert conf["uninstall_command"][0].endswith(f" {named['name']}")
    assert set(conf["matrix"]["req"]) < {each.split(">")[0] for each in named["dependencies"]}
    ignored = ((EXAMPLES / NAMES[0]) / ".gitignore").read_text().split()
    assert {conf[each].split("/")[0] + "/" for each in ("env_dir", "results_dir")} <= {*ignored}


BENCHMARK = """
from benchmarks.layers import BACKENDS, LAYERS, Layers
for backend in BACKENDS:
    for layer in LAYERS:
        layers = Layers()
        layers.setup(layer, backend)
        layers.time_call(layer, backend)
LAYERS["refused"] = ((1, 4, 8, 8), (4, 4, 3, 3), {"activation": "relu"})
try:
    Layers().setup("refused", "template")
except NotImplementedError as error:
    print(len(LAYERS), BACKENDS, error)
"""


def test_the_templates_benchmarks_run(installed: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BENCHMARK],
        cwd=(EXAMPLES / NAMES[0]),
        capture_output=True,
        text=True,
        timeout=200,
        env=installed,
    )
    assert done.returncode == 0, done.stderr
    assert "('template', 'cpu')" in done.stdout
    assert "template/plain: adds a bias and no more" in done.stdout


def test_asv_finds_no_fault_in_a_copy_of_the_template(
    installed: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("asv", reason="asv is not installed")
    copied = tmp_path / "mine"
    shutil.copytree((EXAMPLES / NAMES[0]), copied)
    author = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for words in (
        ("git", "init", "--quiet"),
        ("git", "add", "--all"),
        ("git", *author, "commit", "--quiet", "--message", "first"),
        (sys.executable, "-m", "asv", "machine", "--yes"),
        (sys.executable, "-m", "asv", "check", "--python=same"),
    ):
        done = subprocess.run(
            words,
            cwd=copied,
            capture_output=True,
            text=True,
            timeout=200,
            env={**installed, "HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "No problems found" in done.stdout
