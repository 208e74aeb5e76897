"""`numconv info`: what a report of a problem or of a measurement should begin with."""

from __future__ import annotations

import platform
from typing import Any

import click

from ..core.cache import cache_folder
from ..core.machine import processor, versions
from ..core.threads import get_num_threads, processors
from . import printing
from .options import JSON

DISTRIBUTIONS = ("numconv-kernels", "numba", "llvmlite", "numpy", "pillow", "click", "rich")


@click.command("info")
@JSON
def command(as_json: bool) -> None:
    """Show versions, processor, threads and cache folder."""
    facts = gather()
    if as_json:
        printing.as_json(facts)
        return
    printing.pairs((name, str(value)) for name, value in _flat(facts))


def gather() -> dict[str, Any]:
    """Return what is known of this installation and this machine."""
    features = _features()
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: found or "not installed" for name, found in versions(DISTRIBUTIONS).items()},
        },
        "system": platform.platform(),
        "processor": processor(),
        "architecture": platform.machine(),
        "simd": {"bits": _simd_bits(features), "float32 lanes": _simd_bits(features) // 32},
        "threads": {
            "used": get_num_threads(),
            "processors": processors(),
        },
        "cache": str(cache_folder()),
    }


def _flat(facts: dict[str, Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            prefix = "" if name == "versions" else f"{name} "
            rows.extend((prefix + inner, each) for inner, each in value.items())
        else:
            rows.append((name, value))
    return rows


def _features() -> dict[str, bool]:
    from llvmlite import binding

    try:
        return dict(binding.get_host_cpu_features())
    except RuntimeError:
        return {}


def _simd_bits(features: dict[str, bool]) -> int:
    if features.get("avx512f"):
        return 512
    return 256 if features.get("avx") else 128
