"""The pages with pictures: code runs, nothing is left out, links lead somewhere."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from numconv import filters

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("gallery.md", "arithmetic.md")
# Its code is files of a package, which do not run by themselves.
LINKED = (*PAGES, "kernels.md")
MOST_BYTES = 3_000_000

BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in PAGES
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.S)
    )
]
DRAWN = re.findall(r"`numconv (shape [^`]*)`", (DOCS / "arithmetic.md").read_text(encoding="utf-8"))


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("pictures")


@pytest.mark.parametrize("block", BLOCKS)
def test_code_block_runs(block: str) -> None:
    exec(compile(block, "<block>", "exec"), {})


@pytest.mark.parametrize("command", DRAWN)
def test_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numconv.cli.shape import command as shape

    monkeypatch.chdir(tmp_path)
    assert shape.main(command.split()[1:], standalone_mode=False) in (None, 0)
    assert len(list(tmp_path.iterdir())) == ("--draw" in command)


def test_every_operator_has_its_entry_picture_and_command(pictures: Any) -> None:
    page = text("gallery.md")
    for name in pictures.operators.own():
        entry = page.partition(f"\n### {name}\n")[2].partition("\n#")[0]
        assert f"](images/operators/{name}.jpg)" in entry, name
        assert f"`numconv run --op {name}`" in entry, name
        assert re.match(r"\n`.*`", entry), f"{name} has no formula"


def test_every_filter_has_its_entry_picture_and_formula(pictures: Any) -> None:
    page = text("gallery.md")
    assert pictures.with_tables(page) == page, "run docs/pictures.py"
    for shown, names in (("filters", filters.names()), ("windows", filters.window_names())):
        for name in names:
            assert re.search(rf"\]\(images/{shown}/{name}\.(jpg|png)\)", page), name
            assert f"**{name}**" in page, name


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", LINKED)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", text(name))
    assert links
    for link in links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = DOCS / path if path else DOCS / name
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_no_picture_is_left_over_and_all_are_small() -> None:
    shown = {link for name in LINKED for link in re.findall(r"\]\((images/[^)]+)\)", text(name))}
    folders = ("operators", "filters", "windows", "arithmetic", "kernels")
    made = [path for folder in folders for path in (DOCS / "images" / folder).iterdir()]
    assert {str(path.relative_to(DOCS).as_posix()) for path in made} == shown
    assert sum(path.stat().st_size for path in made) < MOST_BYTES


def test_the_script_draws(pictures: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from PIL import Image

    for module in (pictures.arithmetic, importlib.import_module("figures.style")):
        monkeypatch.setattr(module, "IMAGES", tmp_path)
    pictures.arithmetic.make()
    made = sorted(path.name for path in (tmp_path / "arithmetic").iterdir())
    assert made == sorted(path.name for path in (DOCS / "images" / "arithmetic").iterdir())
    for path in (tmp_path / "arithmetic").iterdir():
        with Image.open(path) as drawn:
            assert drawn.width <= 1024
