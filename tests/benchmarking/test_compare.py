"""Comparison of two reports, on synthetic rounds."""

from __future__ import annotations

import numpy as np
import pytest

from numconv.benchmarking.compare import compare

ROUNDS = 15


def _times(seconds: float, noise: float, seed: int) -> list[float]:
    """Return times from `seconds` to `noise` more, in an order of their own."""
    spread = np.random.default_rng(seed).permutation(np.linspace(0, noise, ROUNDS))
    return [float(each) for each in seconds * (1 + spread)]


def _report(make_report, own: float, peer: float | None, noise: float, seed: int, **given):
    measured = {"cpu": _times(own, noise, seed)}
    if peer is not None:
        measured["torch"] = _times(peer, noise, seed + 100)
    return make_report({"layer": measured}, **given)


@pytest.mark.parametrize("peer", [1.0, None])
@pytest.mark.parametrize(
    ("factor", "noise", "verdict"),
    [
        (1.2, 0.02, "slower"),
        (1 / 1.2, 0.02, "faster"),
        (1.0, 0.02, "same"),
        (1.02, 0.001, "same"),  # beyond the spread, but too small
        (1.2, 0.5, "same"),  # large, but within the spread
    ],
)
def test_finds_a_change_and_ignores_the_spread(
    make_report, peer: float | None, factor: float, noise: float, verdict: str
) -> None:
    old = _report(make_report, 1.0, peer, noise, 1)
    new = _report(make_report, factor, peer, noise, 2)
    comparison = compare(new, old)
    assert [each.verdict for each in comparison.changes] == [verdict, verdict]
    assert {each.peer for each in comparison.changes} == {"torch" if peer else ""}
    assert len(comparison.slower) == 2 * (verdict == "slower")
    assert len(comparison.faster) == 2 * (verdict == "faster")


def test_the_ratio_hides_a_slower_machine(make_report) -> None:
    old = _report(make_report, 1.0, 2.0, 0.01, 1)
    new = _report(make_report, 1.5, 3.0, 0.01, 2)
    assert {each.verdict for each in compare(new, old).changes} == {"same"}


def test_the_rate_hides_a_slower_machine(make_report) -> None:
    old = _report(make_report, 1.0, None, 0.01, 1, rate=1.5e11)
    new = _report(make_report, 1.5, None, 0.01, 2, rate=1.0e11)
    assert {each.verdict for each in compare(new, old).changes} == {"same"}
    new = _report(make_report, 1.5, None, 0.01, 2, rate=1.5e11)
    assert {each.verdict for each in compare(new, old).changes} == {"slower"}


def test_wrong_results_and_other_layers_are_not_compared(make_report) -> None:
    old = _report(make_report, 1.0, 1.0, 0.01, 1)
    new = _report(make_report, 9.0, 1.0, 0.01, 2)
    new.layers[0].columns["user"]["cpu"].reason = "results differ"
    assert [each.column for each in compare(new, old).changes] == ["kernel"]
    object.__setattr__(new.layers[0].layer, "dtype", "float64")
    comparison = compare(new, old)
    assert comparison.changes == []
    assert comparison.warnings == ["1 of 1 layers not in the older report"]


def test_says_what_makes_it_doubtful(make_report) -> None:
    old = _report(make_report, 1.0, None, 0.01, 1)
    new = _report(make_report, 1.0, None, 0.01, 1, threads=4)
    new.machine["processor"] = "Other"
    assert compare(new, old).warnings == [
        "another processor: Other, not Imaginary 9000",
        "another number of threads: 4, not 2",
    ]
