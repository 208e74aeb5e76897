"""Reports of given numbers: what is worked out of them, and how they outlive the process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from numconv.benchmarking import Report, tables
from numconv.core.errors import ArgumentError

TIMES = {
    "won": {"cpu": [1.0, 1.0, 1.0], "torch": [2.0, 2.0, 4.0]},
    "lost": {"cpu": [4.0, 4.0, 4.0], "torch": [1.0, 1.0, 1.0]},
    "even": {"cpu": [3.0, 3.0, 3.0], "torch": [3.0, 3.0, 3.0]},
}


def test_losses_means_and_the_whole_network(make_report) -> None:
    report = make_report(TIMES, counts=(3, 1, 1))
    assert [each.layer.name for each, _ in report.losses("user", "torch")] == ["lost"]
    assert report.geometric_mean("user", "torch") == pytest.approx((2.0 * 0.25) ** (1 / 3))
    assert report.whole("kernel", "torch") == pytest.approx((3 * 2 + 1 + 3) / (3 * 1 + 4 + 3))


def test_no_ratio_to_a_wrong_or_missing_result(make_report) -> None:
    report = make_report(TIMES)
    report.layers[0].columns["user"]["torch"].reason = "results differ by 0.3"
    report.layers[1].columns["user"]["cpu"].seconds = []
    assert [each.layer.name for each, _ in report.ratios("user", "torch")] == ["even"]
    assert report.geometric_mean("user", "torch") == 1.0
    text = str(tables.column_table(report, "user"))
    assert "no ratio: torch: see notes" in text
    assert "torch: results differ by 0.3: won (user)" in tables.notes(report)
    assert "no ratio: not measured" in text


def test_a_report_without_ratios_says_so(make_report) -> None:
    report = make_report({"one": {"cpu": [1.0], "torch": []}})
    assert report.geometric_mean("user", "torch") is None
    assert report.whole("user", "torch") is None
    assert tables.column_table(report, "user").below[0] == "cpu against torch: no ratios"


def test_comes_back_from_json_as_it_was(make_report, tmp_path: Path) -> None:
    report = make_report(TIMES)
    report.layers[0].columns["user"]["torch"].notes = ["slowly"]
    path = tmp_path / "report.json"
    report.write(path)
    assert Report.read(path) == report
    summary = json.loads(path.read_text())["summary"]
    assert {(each["column"], each["peer"]) for each in summary} == {
        ("user", "torch"),
        ("kernel", "torch"),
    }
    assert summary[0]["layers"]["made/won"]["rounds"]["median"] == 2.0


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": 1}', '{"schema": 99}', "null"])
def test_a_file_that_holds_no_report_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=r"bad\.json"):
        Report.read(path)


def test_the_table_marks_losses_and_states_shares_of_the_peak(make_report) -> None:
    table = tables.column_table(make_report(TIMES), "kernel")
    assert [row.loss for row in table.rows] == [False, True, False]
    assert [row.cells[-1] for row in table.rows] == ["", "LOSS", ""]
    # 2 MFLOP in 1 s of a peak of 100 GFLOP/s
    assert table.rows[0].cells[4:6] == ["0.002", "0%"]
    assert "2.00 (2.00-3.00) 2.00" in table.rows[0].cells
    assert "geometric mean 0.79" in table.below[0]
    assert "1 loss in 3 layers" in table.below[0]
    assert table.below[1].endswith("cpu 0.3 s, torch 0.3 s")


def test_losses_are_listed_the_worst_first(make_report) -> None:
    lines = tables.losses(
        make_report(
            {
                "slightly": {"cpu": [1.0], "torch": [0.9]},
                "badly": {"cpu": [1.0], "torch": [0.2]},
                "won": {"cpu": [1.0], "torch": [1.2]},
            }
        )
    )
    assert [line.split()[-1] for line in lines] == ["badly", "badly", "slightly", "slightly"]


def test_an_unsteady_machine_is_noted(make_report) -> None:
    report = make_report(TIMES)
    assert not any("rate" in note for note in tables.notes(report))
    report.layers[1].rate_after *= 0.8
    report.layers[2].rate_after *= 1.14
    [note] = tables.notes(report)
    assert "1 of 3 layers" in note
    assert "lost (-20%)" in note


def test_a_refusal_is_said_once_with_the_layers_it_holds_for(make_report) -> None:
    names = [f"layer {number}" for number in range(5)]
    report = make_report({name: {"cpu": [1.0], "torch": [2.0]} for name in names})
    for layer in report.layers:
        for column in report.columns:
            layer.columns[column]["torch"].reason = "takes no tea"
    report.layers[0].columns["user"]["cpu"].reason = "is asleep"
    said = tables.notes(report)
    assert said == [
        "cpu: is asleep: layer 0 (user)",
        "torch: takes no tea: layer 0, layer 1, layer 2 and 2 more layers",
    ]
    rows = [row for table in tables.contests(report) for row in table.rows]
    assert not any("takes no tea" in cell for row in rows for cell in row.cells)
    assert "no ratio: torch: see notes" in rows[1].cells
