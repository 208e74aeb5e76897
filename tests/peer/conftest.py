"""Runs PyTorch in a process of its own: two pools of threads in one slow each other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Arrays = Sequence[Any]
Compute = Callable[[Sequence[dict[str, Any]], Sequence[Arrays]], list[Any]]


@pytest.fixture(scope="session")
def by_torch(tmp_path_factory: pytest.TempPathFactory) -> Compute:
    """Return a function that computes configurations on arrays with PyTorch."""
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")

    def compute(configurations: Sequence[dict[str, Any]], operands: Sequence[Arrays]) -> list[Any]:
        folder = tmp_path_factory.mktemp("peer")
        names = ("x", "weight", "third")
        given = {
            f"{i}_{name}": array
            for i, arrays in enumerate(operands)
            for name, array in zip(names, arrays, strict=False)
            if array is not None
        }
        np.savez(folder / "arrays.npz", **given)
        (folder / "configurations.json").write_text(json.dumps(list(configurations)))
        files = [folder / name for name in ("configurations.json", "arrays.npz", "results.npz")]
        worker = Path(__file__).with_name("torch_worker.py")
        done = subprocess.run(
            [sys.executable, worker, *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        with np.load(files[2]) as results:
            return [results[str(i)] for i in range(len(configurations))]

    return compute
