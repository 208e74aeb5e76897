"""`numconv new`: a plugin of the user's own name, or a refusal that leaves nothing behind.

That it installs, keeps the laws and passes its own tests, the gate shows with `.ci/examples`.
"""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from numconv.cli import lines, new, skeletons
from numconv.cli.skeletons import SKELETONS, Skeleton

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
OWN_NAME = {"backend": "template", "operator": "unshared"}
NAMES = ("mine", "a1", "zz_top-3")  # before and after what stands beside it in a sorted list

kinds = pytest.mark.parametrize("kind", SKELETONS)
names = pytest.mark.parametrize("name", NAMES)


def found(folder: Path) -> dict[str, str]:
    """Return the texts of all files in a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


@kinds
@names
def test_nothing_of_the_skeletons_own_name_is_left(numconv: Run, kind: str, name: str) -> None:
    assert numconv("new", kind, name, "--into", "made").status == 0
    for path, text in found(Path("made")).items():
        assert OWN_NAME[kind] not in path.lower()
        assert OWN_NAME[kind] not in text.lower(), path
        assert "numconv new" not in text, path


@kinds
@names
def test_the_copy_is_clean(numconv: Run, kind: str, name: str) -> None:
    numconv("new", kind, name, "--into", "made")
    for path, text in found(Path("made")).items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    for words in (["check", "--quiet"], ["format", "--quiet", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", "made"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@kinds
def test_the_copy_is_called_as_its_owner_says(numconv: Run, kind: str) -> None:
    ended = numconv("new", kind, "two-words")
    assert ended.out.splitlines()[0].startswith("wrote numconv-two-words: ")
    settings = tomllib.loads(Path("numconv-two-words/pyproject.toml").read_text())
    assert settings["project"]["name"] == "numconv-two-words"
    (module,) = settings["project"]["entry-points"]["numconv"].values()
    assert module == "numconv_two_words.plugin"
    backend = Path("numconv-two-words/src/numconv_two_words/backend.py").read_text()
    suffix, named = ("", "two-words") if kind == "backend" else ("-cpu", "two_words")
    assert f'name = "two-words{suffix}"' in backend
    assert f"class TwoWords{'Backend' if kind == 'backend' else 'Cpu'}(" in backend
    verify = f"numconv verify --backend two-words{suffix}"
    verify += f" --op {named}" if kind == "operator" else ""
    assert verify in ended.out
    if kind == "operator":
        code = "".join(found(Path("numconv-two-words/src")).values())
        assert f"\ndef {named}(" in code
        assert f'name = "{named}"' in code


def test_the_owner_is_told_what_to_do_next(numconv: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "45")
    ended = numconv("new", "backend", "mine", "--into", "a place")
    assert max(map(lines.cells, ended.out.splitlines())) <= 45
    assert [line.strip() for line in ended.out.splitlines()[-5:]] == [
        "cd 'a place'",
        'python -m pip install -e ".[test]"',
        "numconv backends",
        "numconv verify --backend mine",
        "python -m pytest",
    ]


def test_json_says_what_was_written(numconv: Run) -> None:
    facts = numconv("new", "backend", "my-own", "--json").json
    assert facts["files"] == sorted(found(Path("numconv-my-own")))
    assert facts["next"][0] == "cd numconv-my-own"
    del facts["files"], facts["next"]
    assert facts == {
        "kind": "backend",
        "name": "my-own",
        "folder": "numconv-my-own",
        "distribution": "numconv-my-own",
        "package": "numconv_my_own",
        "backend": "my-own",
        "operator": None,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *[(bad, "small letters and digits") for bad in ("", "My", "1a", "a b", "a--b", "a-")],
        *[(bad, "small letters and digits") for bad in ("_a", "é", "a.b", "a/b", "..", "a\n")],
        ("a" * 41, "at most 40 small letters"),
        ("lambda", "no keyword of Python"),
        ("auto", "not taken, as by the choice of numconv's own"),
        ("cpu", "not taken, as by the backend cpu"),
        ("reference", "not taken, as by the backend reference"),
        ("involution-block", "not taken, as by the operator involution_block"),
        ("kernels", "not taken, as by numconv-kernels"),
    ],
)
@pytest.mark.parametrize("kind", SKELETONS)
def test_a_bad_name_is_refused(
    numconv: Run, tmp_path: Path, kind: str, name: str, expected: str
) -> None:
    complaint = numconv("new", kind, name).complaint
    assert complaint.startswith("numconv: name='")
    assert expected in complaint
    assert not list(tmp_path.iterdir())


def test_the_name_of_an_installed_package_is_refused(
    numconv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new, "_taken", dict)  # as where the plugin is left out
    assert "as by the package numconv_cpu" in numconv("new", "backend", "cpu").complaint


def test_an_unknown_kind_is_refused(numconv: Run) -> None:
    assert "'filter' is not one of" in numconv("new", "filter", "mine").complaint


class Small(Skeleton):
    """A skeleton of one file."""

    def files(self) -> dict[str, str]:
        return {"src/own.py": "def own(x): return naive(x)\nclass OwnProblem(Problem): ...\n"}


@pytest.mark.parametrize(
    ("name", "clash"), [("mine", None), ("naive", "naive"), ("x", "x"), ("own", None)]
)
def test_a_name_that_the_code_uses_for_something_else_is_refused(
    numconv: Run, monkeypatch: pytest.MonkeyPatch, name: str, clash: str | None
) -> None:
    small = Small("small", {"own": "{snake}", "Own": "{camel}"}, backend="{name}")
    assert small.clash(name) == clash
    monkeypatch.setattr(new, "SKELETONS", {"backend": small})
    ended = numconv("new", "backend", name)
    assert ended.status == (0 if clash is None else 2)
    assert clash is None or f"does not use itself, as it does {clash}" in ended.complaint


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_what_is_there_is_left_alone(numconv: Run, tmp_path: Path, there: str) -> None:
    target = tmp_path / "numconv-mine"
    if there == "file":
        target.write_text("kept")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    assert "not there yet" in numconv("new", "backend", "mine").complaint
    assert [*tmp_path.rglob("*")] == [target]
    assert there != "file" or target.read_text() == "kept"


@pytest.mark.parametrize("into", ["nowhere/mine", "file/mine", "a" * 300])
def test_a_folder_that_cannot_be_made_is_named(numconv: Run, tmp_path: Path, into: str) -> None:
    (tmp_path / "file").touch()
    complaint = numconv("new", "backend", "mine", "--into", into).complaint
    assert complaint.startswith("numconv: into='")
    assert "a folder that can be made (" in complaint
    assert [*tmp_path.rglob("*")] == [tmp_path / "file"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="modes hold nobody back here"
)
def test_a_folder_that_nobody_may_write_to_is_named(numconv: Run, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    complaint = numconv("new", "backend", "mine", "--into", "closed/mine").complaint
    assert "a folder that can be made (Permission denied)" in complaint


def test_an_interruption_leaves_nothing(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = Path.write_text, []

    def interrupted(path: Path, *arguments: Any, **options: Any) -> int:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", interrupted)
    assert numconv("new", "backend", "mine").status == 130
    assert len(written) == 3
    assert not list(tmp_path.iterdir())


def test_an_installation_without_sources_says_so(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = replace(SKELETONS["backend"], folder="nowhere")
    monkeypatch.setattr(new, "SKELETONS", {"backend": lost})
    assert "lacks the sources of" in numconv("new", "backend", "mine").complaint
    assert not list(tmp_path.iterdir())


def test_what_was_built_beside_the_sources_is_no_part_of_them(tmp_path: Path) -> None:
    for path in ("a.py", ".gitignore", "src/b.py", "build/c.py", ".asv/d.json"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    for path in ("src/__pycache__/b.py", "src/b.pyc", "x.egg-info/SOURCES.txt", "result.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert [path for path, _ in skeletons._files(tmp_path)] == [".gitignore", "a.py", "src/b.py"]


@kinds
def test_the_wheel_takes_along_what_is_copied(kind: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    package = ROOT / "src" / "numconv"
    taken = {
        path.relative_to(package).as_posix()
        for pattern in settings["package-data"]["numconv"]
        for path in package.glob(pattern)
    }
    folder = f"skeletons/{SKELETONS[kind].folder}/"
    assert {each for each in taken if each.startswith(folder)} == {
        folder + path for path in SKELETONS[kind].files()
    }


def test_examples_in_docstrings_run() -> None:
    failed, attempted = doctest.testmod(skeletons)
    assert failed == 0 < attempted
