"""Environments in which a module of the tests is an installed plugin."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[[Path], dict[str, str]]


@pytest.fixture(scope="session")
def with_plugin(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Return a function that makes an environment with a module as a numconv plugin."""

    def install(module: Path) -> dict[str, str]:
        site = tmp_path_factory.mktemp("site")
        (site / module.name).write_bytes(module.read_bytes())
        info = site / f"{module.stem}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.stem}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[numconv]\n{module.stem} = {module.stem}\n")
        path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "PYTHONPATH": path}

    return install
