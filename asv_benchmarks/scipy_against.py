"""`numconv.signal` and `numconv.ndimage` beside SciPy's, by the same calls.

    python asv_benchmarks/scipy_against.py --group fft --group "2-D direct"
    python asv_benchmarks/scipy_against.py --case "gaussian_filter" --json doors.json

Each library has a process of its own and they take turns; ratios above 1 say that numconv is
faster, in the median of the rounds and of the fastest calls. Calls whose results differ in shape,
in dtype or in value are said to differ, and are not measured. Prints both columns of `numconv
bench`: as a user meets it, and without the page faults of fresh memory. `--ours scipy` has SciPy
on both sides, which shows how far the ratios can be trusted. Needs scipy.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from importlib import import_module
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from door_cases import LEAST_RATIOS, Case, cases

import libraries
from numconv.benchmarking.process import COLUMNS

LIBRARIES = ("numconv", "scipy")
LOOKED_AT = 512
# Of the largest value: what is sought is a call that computes something else.
TOLERANCES = {"float32": 1e-4, "complex64": 1e-4}
# SciPy truncates where a sum that it rounded differently falls on the other side of an integer.
ONE = 1.0


def prepare(library: str, given: Mapping[str, Any]) -> tuple[Callable[[], Any], dict[str, Any]]:
    """Return the call of a case, and what its result is like."""
    case = Case(**given)
    rng = np.random.default_rng(1)
    first = case.first_dtype or case.dtype
    dtypes = (first, *[case.dtype] * (len(case.operands) - 1))
    operands = [_random(rng, *each) for each in zip(case.operands, dtypes, strict=True)]
    function = getattr(import_module(f"{library}.{case.door}"), case.function)
    call = partial(function, *operands, *case.settings, **case.keywords)
    result = np.asarray(call())
    call()
    step = max(1, result.size // LOOKED_AT)
    seen = result.reshape(-1)[::step].astype("complex128")
    return call, {
        "shape": result.shape,
        "dtype": result.dtype.name,
        "values": [seen.real.tolist(), seen.imag.tolist()],
    }


def _random(rng: np.random.Generator, shape: list[int], dtype: str) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype).kind
    if kind in "ui":
        most = 256 if dtype == "uint8" else 1000
        return rng.integers(0 if kind == "u" else -most, most, shape).astype(dtype)
    values = rng.standard_normal(shape)
    if kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Return in words how the results differ, or "" if they agree."""
    for what in ("shape", "dtype"):
        if ours[what] != theirs[what]:
            return f"{what} {ours[what]}, SciPy's {theirs[what]}"
    one, other = (np.array(each["values"]) for each in (ours, theirs))
    allowed = TOLERANCES.get(ours["dtype"], 1e-9) * np.abs(other).max(initial=0)
    if np.dtype(ours["dtype"]).kind in "ui":
        allowed = ONE
    apart = np.abs(one - other).max(initial=0)
    return "" if apart <= allowed else f"values differ by {apart:.3g}"


def measure(
    case: Case, started: Mapping[str, libraries.Process], names: tuple[str, str], rounds: int
) -> dict[str, Any]:
    """Return what was measured for a case, or why it was not."""
    try:
        said = {each: process.prepare(asdict(case)) for each, process in started.items()}
        ours, theirs = (said[each] for each in names)
        reason = difference(ours, theirs)
        if reason:
            return {"differs": reason}
        times = libraries.alternate(started, rounds)
    except libraries.LackingError as error:
        return {"differs": str(error)}
    ratio, of_minima = libraries.ratios(*(times[each] for each in names))
    fastest = [min(times[each]) for each in names]
    return {"ours": fastest[0], "theirs": fastest[1], "ratio": ratio, "of_minima": of_minima}


def line(case: Case, found: Mapping[str, Any]) -> str:
    if "differs" in found:
        return f"{case.name:60s} {found['differs']}"
    below = sum(found[each] < 1 for each in ("ratio", "of_minima"))
    loss = ("", "  loss in one", "  LOSS")[below]
    return (
        f"{case.name:60s} {1e3 * found['ours']:9.4f} ms | scipy {1e3 * found['theirs']:10.4f} ms, "
        f"ratio {found['ratio']:7.2f}, of minima {found['of_minima']:7.2f}{loss}"
    )


def summary(group: str, found: list[Mapping[str, Any]]) -> str:
    """Return a group in a line: mean and worst of the rounds' ratios, and how many are too low."""
    measured = [each["ratio"] for each in found if "ratio" in each]
    if not measured:
        return f"{group}: nothing measured"
    mean = exp(sum(map(log, measured)) / len(measured))
    least = LEAST_RATIOS.get(group, 1.0)
    short = sum(each < least for each in measured)
    text = f"{group}: geometric mean {mean:.2f}, worst {min(measured):.2f}, {short} of "
    text += f"{len(measured)} below {least:.3g}"
    unmeasured = len(found) - len(measured)
    return text + (f", {unmeasured} not measured" if unmeasured else "")


def main() -> None:
    everything = cases()
    groups = list(dict.fromkeys(case.group for case in everything))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", action="append", choices=groups)
    parser.add_argument("--case", default="", help="a part of its name")
    parser.add_argument("--column", action="append", choices=tuple(COLUMNS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ours", choices=LIBRARIES, default="numconv")
    parser.add_argument("--json", type=Path, help="save everything")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        libraries.serve(partial(prepare, options.serve.partition(":")[0]))
        return
    # A name for each side, so that both may be the same library.
    names = (f"{options.ours}:ours", "scipy:theirs")
    chosen = [case for case in everything if options.case in case.name]
    saved = []
    for column in options.column or COLUMNS:
        with libraries.processes(__file__, names, column, options.threads) as started:
            for group in options.group or groups:
                found = []
                for case in (each for each in chosen if each.group == group):
                    found.append(measure(case, started, names, options.rounds))
                    print(f"{column:7s}{line(case, found[-1])}", flush=True)
                    saved.append({"column": column, **asdict(case), **found[-1]})
                if found:
                    print(f"{column:7s}{summary(group, found)}\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
