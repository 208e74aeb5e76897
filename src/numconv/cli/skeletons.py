"""The projects that `numconv new` copies, and the name that a copy has in place of theirs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from ..core.errors import NumconvError

_SOURCES = (".json", ".md", ".py", ".toml")
_BUILT = ("build", "dist", "__pycache__")
_OF_THE_ORIGINAL = re.compile(r"^## A copy of it\n.*?(?=^## )", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Skeleton:
    """A plugin of ours that is whole and keeps every law, for copies of other names.

    Parameters
    ----------
    folder : str
        Where it is, below ``numconv/skeletons``.
    names : mapping of str to str
        What it is called, each with what a copy is called: a format of `forms`.
    backend : str
        The backend of a copy, as a format.
    operator : str, optional
        The operator of a copy, as a format.
    """

    folder: str
    names: Mapping[str, str]
    backend: str
    operator: str | None = None

    @property
    def source(self) -> Traversable:
        return resources.files("numconv") / "skeletons" / self.folder

    def files(self) -> dict[str, str]:
        """Return the text of each file, by its path in the project.

        Raises
        ------
        NumconvError
            If numconv was installed without the sources.
        """
        found = dict(_files(self.source)) if self.source.is_dir() else {}
        if not any(path.endswith(".py") for path in found):
            raise NumconvError(f"this installation of numconv lacks the sources of {self.source}")
        return found

    def copy(self, name: str) -> dict[str, str]:
        """Return the files of a copy that is called `name`."""
        return {
            self.renamed(path, name): self.renamed(_OF_THE_ORIGINAL.sub("", text), name)
            for path, text in self.files().items()
        }

    def renamed(self, text: str, name: str) -> str:
        """Return `text` with `name` wherever it speaks of the skeleton by its own."""
        longest_first = sorted(self.names, key=len, reverse=True)
        made = {own: form.format_map(forms(name)) for own, form in self.names.items()}
        return re.sub("|".join(map(re.escape, longest_first)), lambda own: made[own[0]], text)

    def clash(self, name: str) -> str | None:
        """Return a name in the copy's code that would mean two things, or None."""
        code = (text for path, text in self.files().items() if path.endswith(".py"))
        used = {each for text in code for each in _identifiers(ast.parse(text))}
        renamed = {each for each in used if any(own in each for own in self.names)}
        return min((used - renamed) & {self.renamed(each, name) for each in renamed}, default=None)


def forms(name: str) -> dict[str, str]:
    """Return `name` as it is written in the several places.

    >>> list(forms("two-words").values())
    ['two-words', 'two-words', 'two_words', 'TWO_WORDS', 'TwoWords']
    """
    snake = name.replace("-", "_")
    camel = "".join(part.capitalize() for part in snake.split("_"))
    dashed = name.replace("_", "-")
    return {"name": name, "dashed": dashed, "snake": snake, "upper": snake.upper(), "camel": camel}


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield paths and texts of the sources, without what was built or cached beside them."""
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        path = above + each.name
        if each.is_dir():
            if not each.name.startswith(".") and each.name not in _BUILT:
                yield from _files(each, f"{path}/")
        elif each.name == ".gitignore" or each.name.endswith(_SOURCES):
            yield path, each.read_text(encoding="utf-8")


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name


SKELETONS: Mapping[str, Skeleton] = MappingProxyType(
    {
        "backend": Skeleton(
            "backend_template",
            {
                "numconv-backend-template": "numconv-{dashed}",
                "numconv_backend_template": "numconv_{snake}",
                "Template": "{camel}",
                "template": "{name}",
            },
            backend="{name}",
        ),
        "operator": Skeleton(
            "unshared_operator",
            {
                "numconv-unshared": "numconv-{dashed}",
                "unshared-cpu": "{dashed}-cpu",
                "UNSHARED": "{upper}",
                "Unshared": "{camel}",
                "unshared": "{snake}",
            },
            backend="{dashed}-cpu",
            operator="{snake}",
        ),
    }
)
