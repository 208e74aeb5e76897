"""For a machine with a GPU: every law for every algorithm, then times against PyTorch (cuDNN).

``python tests/cuda/on_device.py [--folder FOLDER] [--laws SECONDS] [--batch N] [--suite NAME ...]``

It writes `on_device.json` and `on_device.txt`, and ends with status 1 if a law is broken. The laws
are checked until their time is up, those that say most first; what was left out is counted. Times
are of events on the GPU around many calls, each library by itself, taking turns; the launch
overhead is the processor's time for a call that computes nearly nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numconv
from numconv.benchmarking import calls, suites
from numconv.core import plugins
from numconv.testing import LAWS, LawBroken, NotApplicable, named_problems

SUITES = ("resnet50", "mobilenet", "transposed", "involution")
ROUNDS, LEAST_SECONDS = 5, 0.01
# What an H200 has; of another GPU the shares are of these.
FLOAT32_FLOPS, BYTES = 67e12, 4.8e12
FIRST = ("within_bound", "written", "non_finite", "epilogue", "adjoint", "views", "address")


def laws(seconds: float) -> dict[str, Any]:
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
    deadline, kept, broken, left_out = time.monotonic() + seconds, 0, [], 0
    for law, each, algorithm in checks:
        if time.monotonic() > deadline:
            left_out += 1
            continue
        try:
            law.check(each.problem, algorithm)
            kept += 1
        except NotApplicable:
            continue
        except LawBroken as error:
            broken.append(f"{algorithm.name}-{each.case}-{law.name}: {error}")
    return {"kept": kept, "broken": broken, "left_out": left_out}


def times(names: Sequence[str], batch: int | None) -> list[dict[str, Any]]:
    """Time the layers of some suites, and PyTorch's with and without TF32."""
    import torch

    rows = []
    for name in names:
        for layer in suites.load(name).layers:
            found = calls.with_batch(layer, batch) if batch else layer
            try:
                rows.append(_layer(torch, name, found))
            except numconv.NumconvError as error:
                rows.append({"suite": name, "layer": layer.name, "refused": str(error)})
    return rows


def _layer(torch: Any, suite: str, layer: Any) -> dict[str, Any]:
    work = calls.work_of(layer)
    tensors = [torch.from_numpy(each).cuda() for each in calls.operands_of(layer)]
    function = calls.function_of(layer)
    contestants: dict[str, Callable[[], Any]] = {
        "numconv": lambda: function(*tensors, **layer.parameters)
    }
    native = _native(torch, layer, work, tensors)
    if native is not None:
        contestants["torch"] = _with_tf32(torch, native, False)
        contestants["torch_tf32"] = _with_tf32(torch, native, True)
    seconds: dict[str, list[float]] = {who: [] for who in contestants}
    for call in contestants.values():
        call()
    for _ in range(ROUNDS):
        for who, call in contestants.items():
            seconds[who].append(_timed(torch, call))
    mine = min(seconds["numconv"])
    row = {
        "suite": suite,
        "layer": layer.name,
        "algorithm": calls_algorithm(work),
        "seconds": {who: min(found) for who, found in seconds.items()},
        "median": {who: statistics.median(found) for who, found in seconds.items()},
        "of_peak": work.flops / mine / FLOAT32_FLOPS,
        "of_bandwidth": work.min_bytes / mine / BYTES,
    }
    for who in contestants:
        if who != "numconv":
            row[f"ratio_{who}"] = min(seconds[who]) / mine
    return row


def calls_algorithm(work: Any) -> str:
    """Return which algorithms solve the problems of a layer on the GPU."""
    from numconv.core.choice import choose

    return " + ".join(choose(each, "cuda").algorithm.name for each in work.problems)


def _native(torch: Any, layer: Any, work: Any, tensors: list[Any]) -> Callable[[], Any] | None:
    """Return the call of PyTorch for a layer, if the backend `torch` knows one."""
    known = plugins.backend("torch").algorithms(work.problems[0])
    if len(work.problems) != 1 or not known or known[0].refusal(work.problems[0]) is not None:
        return None
    return known[0].bind(work.problems[0], *tensors)  # type: ignore[attr-defined, no-any-return]


def _with_tf32(torch: Any, call: Callable[[], Any], allowed: bool) -> Callable[[], Any]:
    def set_and_call() -> Any:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
        torch.backends.cudnn.benchmark = True
        return call()

    return set_and_call


def _timed(torch: Any, call: Callable[[], Any]) -> float:
    """Return the GPU's seconds for a call, of as many as take `LEAST_SECONDS`."""
    number = 1
    while True:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(number):
            call()
        end.record()
        end.synchronize()
        taken = begin.elapsed_time(end) / 1e3
        if taken >= LEAST_SECONDS:
            return float(taken / number)
        number = max(2 * number, int(1.2 * LEAST_SECONDS / max(taken, 1e-7) * number))


def overhead() -> dict[str, float]:
    """Return the processor's microseconds for a call that computes nearly nothing."""
    import torch

    x, weight = torch.ones(1, 1, 8, 8).cuda(), torch.ones(1, 1, 3, 3).cuda()
    plan = numconv.plan("conv2d", tuple(x.shape), weight)
    measured = {
        "numconv": lambda: numconv.conv2d(x, weight),
        "plan": lambda: plan(x),
        "torch": lambda: torch.nn.functional.conv2d(x, weight),
    }
    found = {}
    for who, call in measured.items():
        runs = []
        for _ in range(ROUNDS):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            for _ in range(200):
                call()
            runs.append((time.perf_counter() - begin) / 200 * 1e6)
        found[who] = min(runs)
    return found


def table(report: dict[str, Any]) -> str:
    """Return a report as text."""
    checked = report["laws"]
    lines = [
        f"{report['gpu']}, numconv {report['versions']['numconv-kernels']}",
        f"laws: {checked['kept']} kept, {len(checked['broken'])} broken, "
        f"{checked['left_out']} left out",
        *checked["broken"],
        "",
        f"{'layer':<44}{'algorithm':<12}{'us':>9}{'peak':>7}{'bytes':>7}{'torch':>7}{'tf32':>7}",
    ]
    for row in report.get("times", ()):
        name = f"{row['suite']}: {row['layer']}"
        if "refused" in row:
            lines.append(f"{name:<44}refused: {row['refused']}")
            continue
        ratios = [row.get(f"ratio_{who}") for who in ("torch", "torch_tf32")]
        shown = "".join(f"{'-' if each is None else f'{each:.2f}':>7}" for each in ratios)
        lines.append(
            f"{name:<44}{row['algorithm']:<12}{row['seconds']['numconv'] * 1e6:>9.1f}"
            f"{row['of_peak']:>7.0%}{row['of_bandwidth']:>7.0%}{shown}"
        )
    if "overhead" in report:
        told = ", ".join(f"{who} {found:.1f}" for who, found in report["overhead"].items())
        lines += ["", f"microseconds of the processor for a tiny call: {told}"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--laws", type=float, default=240.0, metavar="SECONDS")
    parser.add_argument("--batch", type=int, default=32, help="0 for that of each suite")
    parser.add_argument("--suite", nargs="*", default=SUITES)
    chosen = parser.parse_args()
    status = plugins.status(plugins.backend("cuda"))
    if status.state != "ready":
        print(f"backend 'cuda' is {status.state}: {status.reason}; {status.remedy}")
        return 2
    from importlib import metadata

    from numconv_cuda.backend import device

    named = ("numconv-kernels", "numba-cuda", "cuda-core", "numpy")
    report: dict[str, Any] = {
        "gpu": device().name,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in named},
        "laws": laws(chosen.laws),
    }
    _write(report, chosen.folder)
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no times", file=sys.stderr)
    else:
        report["versions"]["torch"] = torch.__version__
        report["overhead"] = overhead()
        report["times"] = times(chosen.suite, chosen.batch or None)
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
