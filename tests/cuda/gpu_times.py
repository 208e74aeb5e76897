"""Times of layers on a GPU: numconv's, PyTorch's (cuDNN), and CuPy's where it has such a layer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numconv
import raw_involution
from numconv.benchmarking import calls, suites
from numconv.core import plugins
from numconv.core.choice import choose

SUITES = ("resnet50", "mobilenet", "transposed", "involution")
ROUNDS, LEAST_SECONDS = 5, 0.01
TINY_CALLS = 200
# Of an H200; of another GPU the shares are of these.
BYTES = 4.8e12


@dataclass(frozen=True)
class Variant:
    """How layers are computed.

    Parameters
    ----------
    name : str
    dtype : str
        Of their operands.
    flops : float
        The most floating-point operations a second of an H200 for it. Of float32 it is that of
        exact arithmetic, which three products on tensor cores can exceed.
    parameters : mapping, optional
        For numconv's functions, besides those of the layer, such as `accuracy`.
    """

    name: str
    dtype: str
    flops: float
    parameters: Mapping[str, Any] = field(default_factory=dict)


VARIANTS = (
    Variant("float32", "float32", 67e12),
    Variant("tf32", "float32", 495e12, {"accuracy": "fast"}),
    Variant("float16", "float16", 989e12),
    Variant("strict", "float32", 67e12, {"accuracy": "strict"}),
)


@dataclass(frozen=True)
class Contestant:
    """Who computes a layer: what to set once before, and the call."""

    call: Callable[[], Any]
    before: Callable[[], None] = lambda: None


def times(
    names: Sequence[str], variants: Sequence[str], batch: int | None, until: float
) -> list[dict[str, Any]]:
    """Time the layers of some suites in some variants, while there is time."""
    rows = []
    for variant, suite, layer in _layers(names, variants, batch):
        row: dict[str, Any] = {"suite": suite, "layer": layer.name, "variant": variant.name}
        if time.monotonic() > until:
            row["refused"] = "no time was left"
        else:
            try:
                row |= _measured(variant, layer)
            except (numconv.NumconvError, RuntimeError) as error:
                # What PyTorch lacks memory for, and what the driver says, is a RuntimeError.
                row["refused"] = str(error).partition("\n")[0]
        rows.append(row)
    return rows


def _layers(
    names: Sequence[str], variants: Sequence[str], batch: int | None
) -> Iterator[tuple[Variant, str, Any]]:
    for variant in (each for each in VARIANTS if each.name in variants):
        for name in names:
            for layer in suites.load(name).layers:
                if layer.dtype == "float32":
                    found = calls.with_batch(layer, batch) if batch else layer
                    parameters = {**found.parameters, **variant.parameters}
                    yield variant, name, replace(found, dtype=variant.dtype, parameters=parameters)


def _measured(variant: Variant, layer: Any) -> dict[str, Any]:
    import torch

    work = calls.work_of(layer)
    dtype = getattr(torch, variant.dtype)
    tensors = [torch.randn(each, dtype=dtype, device="cuda") for each in layer.operands]
    seconds: dict[str, list[float]] = {}
    contestants = _contestants(torch, variant, layer, work, tensors)
    for contestant in contestants.values():
        contestant.before()
        contestant.call()
    for _ in range(ROUNDS):
        for who, contestant in contestants.items():
            contestant.before()
            seconds.setdefault(who, []).append(_timed(torch, contestant.call))
    least = {who: min(found) for who, found in seconds.items()}
    mine = least["numconv"]
    return {
        "algorithm": " + ".join(choose(each, "cuda").algorithm.name for each in work.problems),
        "seconds": least,
        "median": {who: statistics.median(found) for who, found in seconds.items()},
        "of_peak": work.flops / mine / variant.flops,
        "of_bandwidth": work.min_bytes / mine / BYTES,
        "ratios": {who: taken / mine for who, taken in least.items() if who != "numconv"},
    }


def _contestants(
    torch: Any, variant: Variant, layer: Any, work: Any, tensors: list[Any]
) -> dict[str, Contestant]:
    function = calls.function_of(layer)
    found = {"numconv": Contestant(lambda: function(*tensors, **layer.parameters))}
    if len(work.problems) != 1:
        return found
    problem = work.problems[0]
    known: Any = plugins.backend("torch").algorithms(problem)
    if known and known[0].refusal(problem) is None:
        native = known[0].bind(problem, *tensors)
        found["torch"] = Contestant(native, lambda: _allow_tf32(torch, False))
        if variant.dtype == "float32":
            found["torch_tf32"] = Contestant(native, lambda: _allow_tf32(torch, True))
    raw = raw_involution.call(problem, tensors)
    if raw is not None:
        found["cupy"] = Contestant(raw)
    return found


def _allow_tf32(torch: Any, allowed: bool) -> None:
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.benchmark = True


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

    x, weight = torch.ones(1, 1, 8, 8, device="cuda"), torch.ones(1, 1, 3, 3, device="cuda")
    out = torch.empty((1, 1, 6, 6), dtype=torch.float32, device="cuda")
    plan = numconv.plan("conv2d", tuple(x.shape), weight)
    measured: dict[str, Callable[[], Any]] = {
        "numconv": lambda: numconv.conv2d(x, weight),
        "with out": lambda: numconv.conv2d(x, weight, out=out),
        "plan": lambda: plan(x),
        "torch": lambda: torch.nn.functional.conv2d(x, weight),
    }
    found = {}
    for who, call in measured.items():
        runs = []
        for _ in range(ROUNDS):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            for _ in range(TINY_CALLS):
                call()
            runs.append((time.perf_counter() - begin) / TINY_CALLS * 1e6)
        found[who] = min(runs)
    return found
