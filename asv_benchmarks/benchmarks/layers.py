"""The layers that are measured: a selection from the suites of `numconv bench`.

The suites are read from this checkout, not from the numconv that is measured: that one may be older
than they are.
"""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_SUITES = _ROOT / "src" / "numconv" / "benchmarking" / "suites.py"
_SELECTION = _ROOT / "asv_benchmarks" / "selection.toml"


def _suites() -> Any:
    if not _SUITES.is_file():
        raise FileNotFoundError(f"{_SUITES}: the benchmarks run from a checkout that has suites")
    name = "numconv_suites_of_this_checkout"
    spec = importlib.util.spec_from_file_location(name, _SUITES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _select() -> dict[str, dict[str, Any]]:
    suites = _suites()
    selected: dict[str, dict[str, Any]] = {}
    for purpose, wanted in tomllib.loads(_SELECTION.read_text(encoding="utf-8")).items():
        layers = selected[purpose] = {}
        for suite, names in wanted.items():
            known = {layer.name: layer for layer in suites.load(suite).layers}
            for name in names:
                if name not in known:
                    expected = ", ".join(known)
                    raise KeyError(f"selection.toml: {suite} has no layer {name!r}, but {expected}")
                layers[f"{suite} {name}"] = known[name]
    return selected


SELECTED: dict[str, dict[str, Any]] = _select()
"""By operator, or by ``large``: the layers by their label, which is suite and name."""
