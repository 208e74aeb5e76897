"""For a machine with a GPU: every law for every algorithm, then times against PyTorch and CuPy.

``python tests/cuda/on_device.py [--folder FOLDER] [--seconds N] [--batch N] [--suite NAME ...]
[--variant NAME ...]``

It writes `on_device.json` and `on_device.txt`, and ends with status 1 if a law is broken. The laws
are checked for half of the time at most, those that say most first; what was left out is counted.
Times are of events on the GPU around many calls, each library by itself, taking turns; arrays of
less than 50 MB stay in the cache of an H200, so shares of its bandwidth may be above 100 %. The
launch overhead is the processor's time for a call that computes nearly nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import gpu_times
from numconv.core import plugins
from numconv.testing import LAWS, LawBroken, NotApplicable, named_problems

SECONDS = 420.0
OF_LAWS = 0.5  # the share of the time that laws may take
FIRST = ("within_bound", "written", "non_finite", "epilogue", "adjoint", "views", "address")
RIVALS = ("torch", "torch_tf32", "cupy")


def laws(until: float) -> dict[str, Any]:
    """Check every law on every case that an algorithm accepts, while there is time."""
    backend = plugins.backend("cuda")
    order = sorted(LAWS, key=lambda law: (law.name not in FIRST, law.name))
    checks = [
        (law, each, algorithm)
        for law in order
        for each in named_problems()
        for algorithm in backend.algorithms(each.problem)
        if law.applies(each.problem) and algorithm.refusal(each.problem) is None
    ]
    kept, broken, left_out = 0, [], 0
    for law, each, algorithm in checks:
        if time.monotonic() > until:
            left_out += 1
            continue
        try:
            law.check(each.problem, algorithm)
            kept += 1
        except NotApplicable:
            continue
        except Exception as error:
            # Not only a broken law: what the driver says must not lose all the rest.
            kind = "" if isinstance(error, LawBroken) else f"{type(error).__name__}: "
            broken.append(f"{algorithm.name}-{each.case}-{law.name}: {kind}{error}")
    return {"kept": kept, "broken": broken, "left_out": left_out}


def table(report: dict[str, Any]) -> str:
    """Return a report as text."""
    checked = report["laws"]
    heads = ("variant", "algorithm", "us", "peak", "bytes", "cuDNN", "TF32", "CuPy")
    lines = [
        f"{report['gpu']}, numconv {report['versions']['numconv-kernels']}",
        f"laws: {checked['kept']} kept, {len(checked['broken'])} broken, "
        f"{checked['left_out']} left out",
        *checked["broken"],
        "",
        "peak, bytes: shares of what an H200 gives. cuDNN, TF32: PyTorch's time as a multiple of",
        "numconv's, without and with TF32; its involutions are unfold, product, sum. CuPy has no",
        "layers: its column is the kernel of the involution's authors.",
        "",
        "{:<38} {:<9}{:<12}{:>9}{:>7}{:>7}{:>7}{:>7}{:>7}".format("layer", *heads),
    ]
    lines += [_line(row) for row in report.get("times", ())]
    if "overhead" in report:
        told = ", ".join(f"{who} {found:.1f}" for who, found in report["overhead"].items())
        lines += ["", f"microseconds of the processor for a tiny call: {told}"]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    layer = f"{row['suite']}: {row['layer']}"
    name = f"{layer:<38} {row['variant']:<9}"
    if "refused" in row:
        return f"{name}{row['refused']}"
    ratios = [row["ratios"].get(who) for who in RIVALS]
    shown = "".join(f"{'-' if each is None else f'{each:.2f}':>7}" for each in ratios)
    return (
        f"{name}{row['algorithm']:<12}{row['seconds']['numconv'] * 1e6:>9.1f}"
        f"{row['of_peak']:>7.0%}{row['of_bandwidth']:>7.0%}{shown}"
    )


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--batch", type=int, default=32, help="0 for that of each suite")
    parser.add_argument("--suite", nargs="*", default=gpu_times.SUITES)
    variants = [each.name for each in gpu_times.VARIANTS]
    parser.add_argument("--variant", nargs="*", choices=variants, default=variants)
    chosen = parser.parse_args(words)
    status = plugins.status(plugins.backend("cuda"))
    if status.state != "ready":
        print(f"backend 'cuda' is {status.state}: {status.reason}; {status.remedy}")
        return 2
    from numconv_cuda.backend import device

    begun = time.monotonic()
    named = ("numconv-kernels", "numba-cuda", "cuda-core", "numpy")
    report: dict[str, Any] = {
        "gpu": device().name,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in named},
        "laws": laws(begun + OF_LAWS * chosen.seconds),
    }
    _write(report, chosen.folder)
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no times", file=sys.stderr)
    else:
        report["versions"]["torch"] = torch.__version__
        report["overhead"] = gpu_times.overhead()
        until = begun + chosen.seconds
        what = (chosen.suite, chosen.variant, chosen.batch or None)
        report["times"] = gpu_times.times(*what, until)
        _write(report, chosen.folder)
    print(table(report))
    return 1 if report["laws"]["broken"] else 0


def _write(report: dict[str, Any], folder: Path) -> None:
    """Write what is known so far: nothing is lost if the rest fails."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "on_device.json").write_text(json.dumps(report, indent=1, default=float) + "\n")
    (folder / "on_device.txt").write_text(table(report))


if __name__ == "__main__":
    sys.exit(main())
