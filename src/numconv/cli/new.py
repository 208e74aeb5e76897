"""`numconv new`: writes a plugin that works, for its owner to go on from."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import click

from ..core import plugins
from ..core.errors import ArgumentError
from . import completion, printing
from .files import making
from .options import JSON
from .skeletons import SKELETONS, Skeleton, forms

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LONGEST = 40


@click.command("new")
@click.argument("kind", type=click.Choice(list(SKELETONS)))
@click.argument("name")
@click.option(
    "--into",
    metavar="FOLDER",
    shell_complete=completion.paths,
    help="The folder to be made.  [default: numconv-NAME]",
)
@JSON
def command(kind: str, name: str, into: str | None, as_json: bool) -> None:
    """Write the skeleton of a plugin: a project of its own that brings a backend or an operator.

    It is a small plugin that works: installed, it is found by numconv, keeps every law, and
    passes its own tests. Put your kernel in, and let `numconv verify` say whether it is right.

    \b
      numconv new backend mine
      numconv new operator my-filter --into somewhere/my-filter

    The distribution is called numconv-NAME, its package numconv_NAME. A backend is called
    NAME; an operator too, with `_` for `-`, and brings the backend NAME-cpu.
    """
    skeleton = SKELETONS[kind]
    _check(skeleton, name)
    distribution = f"numconv-{forms(name)['dashed']}"
    folder = Path(distribution if into is None else into)
    copy = skeleton.copy(name)
    with making(folder) as begun:
        for path, text in copy.items():
            file = begun / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    following = _following(skeleton, name, folder)
    if as_json:
        printing.as_json(
            {
                "kind": kind,
                "name": name,
                "folder": str(folder),
                "distribution": distribution,
                "package": f"numconv_{forms(name)['snake']}",
                "backend": skeleton.backend.format_map(forms(name)),
                "operator": skeleton.operator and skeleton.operator.format_map(forms(name)),
                "files": sorted(copy),
                "next": following,
            }
        )
        return
    printing.say(f"wrote {folder}: {len(copy)} files; its README.md says how to go on")
    for each in following:
        printing.command("  ", each)


def _check(skeleton: Skeleton, name: str) -> None:
    """Raise unless a plugin can be called so here."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        expected = (
            f"at most {_LONGEST} small letters and digits, a letter first, "
            "with single - or _ between"
        )
        raise ArgumentError("name", name, expected)
    snake = forms(name)["snake"]
    if iskeyword(snake):
        raise ArgumentError("name", name, "a name that is no keyword of Python")
    taken = _taken()
    for each in (snake, skeleton.backend.format_map(forms(name)).replace("-", "_")):
        if each in taken:
            raise ArgumentError("name", name, f"a name that is not taken, as by {taken[each]}")
    if find_spec(f"numconv_{snake}") is not None:
        expected = f"a name that is not taken, as by the package numconv_{snake}"
        raise ArgumentError("name", name, expected)
    if clash := skeleton.clash(name):
        expected = f"a name that the code of the skeleton does not use itself, as it does {clash}"
        raise ArgumentError("name", name, expected)


def _taken() -> dict[str, str]:
    """Return the names that there are, with _ for -, and what has each."""
    names = {
        "auto": "the choice of numconv's own",
        plugins.OWN_DISTRIBUTION.removeprefix("numconv-"): plugins.OWN_DISTRIBUTION,
        **{each: f"the operator {each}" for each in plugins.operators()},
        **{each: f"the backend {each}" for each in plugins.backends()},
    }
    return {name.replace("-", "_"): owner for name, owner in names.items()}


def _following(skeleton: Skeleton, name: str, folder: Path) -> list[str]:
    """Return the commands by which it is tried."""
    verify = f"numconv verify --backend {skeleton.backend}"
    if skeleton.operator is not None:
        verify += f" --op {skeleton.operator}"
    return [
        f"cd {shlex.quote(str(folder))}",
        'python -m pip install -e ".[test]"',
        "numconv backends",
        verify.format_map(forms(name)),
        "python -m pytest",
    ]
