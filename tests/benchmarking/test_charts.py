"""Charts and the page: that they are drawn, and say what they must."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from numconv.benchmarking import charts
from numconv.core.errors import BackendError

drawn = pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")

TIMES = {
    "won": {"cpu": [1e-5, 1.1e-5, 1e-5], "torch": [2e-5, 2e-5, 4e-5]},
    "lost <&> marked": {"cpu": [4e-5, 4e-5, 4e-5], "torch": [1e-5, 1e-5, 1e-5]},
}


@drawn
def test_png_has_the_resolution_of_print(make_report, tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    charts.write(make_report(TIMES), path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert width == 12 * 150
    assert height > 8 * 150


@drawn
def test_svg_is_one_and_the_same_each_time(make_report) -> None:
    text = charts.svg(make_report(TIMES))
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == charts.svg(make_report(TIMES))


@drawn
@pytest.mark.parametrize(
    "times",
    [
        {"alone": {"cpu": [1e-5, 1e-5]}},
        {"one": {"cpu": [], "torch": []}},
        {"one": {"cpu": [1e-3], "torch": [1e-3], "cpu/loops": [1.0]}},
    ],
    ids=["without_peers", "nothing_measured", "two_peers"],
)
def test_any_report_can_be_drawn(make_report, times, tmp_path: Path) -> None:
    charts.write(make_report(times), tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").stat().st_size > 10_000


@drawn
def test_the_figure_names_what_a_stranger_must_know(make_report) -> None:
    figure = charts.figure(make_report(TIMES))
    title = figure.get_suptitle()
    for word in ("Made up", "cpu against torch", "Imaginary 9000", "2 threads", "numconv 1.2"):
        assert word in title
    roofline, ratios = figure.axes
    words = [text.get_text() for text in roofline.texts]
    assert "peak, float32: 100 GFLOP/s" in words
    assert "memory: 20 GB/s" in words
    assert "won" in words
    assert "FLOP/byte" in roofline.get_xlabel()
    assert "GFLOP/s" in roofline.get_ylabel()
    assert [text.get_text() for text in roofline.get_legend().get_texts()] == ["cpu", "torch"]
    assert "geometric mean: user" in ratios.get_title(loc="left")
    values = [text.get_text() for text in ratios.texts]
    assert values == ["2.00", "0.25", "2.00", "0.25"]
    colours = {patch.get_facecolor() for patch in ratios.patches}
    assert len(colours) == 4


class _Page(HTMLParser):
    """Collects rows, classes, and everything that would be fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loss_rows = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.loss_rows += tag == "tr" and given.get("class") == "loss"
        for name in ("src", "href", "xlink:href"):
            value = given.get(name)
            if value and not value.startswith("#"):
                self.links.append(value)


@drawn
def test_the_page_is_self_contained_and_marks_losses(make_report, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    charts.write(make_report(TIMES), path)
    text = path.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.tags.count("svg") == 1
    assert page.tags.count("table") == 2
    assert page.loss_rows == 2
    assert page.links == []
    assert not re.search(r"url\(\s*['\"]?http|@import", text)
    assert "lost &lt;&amp;&gt; marked" in text


def test_without_matplotlib_it_says_what_to_install(
    make_report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(charts.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="pip install matplotlib"):
        charts.write(make_report(TIMES), tmp_path / "chart.png")
    assert list(tmp_path.iterdir()) == []
