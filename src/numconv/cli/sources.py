"""Which files `--input` means where it means several, and where each one's result goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from ..core.errors import ArgumentError
from . import files


@dataclass(frozen=True)
class Job:
    """A file, and the name of its result."""

    source: Path
    target: Path


def is_folder(output: str | None) -> bool:
    """Whether `output` is written as that of a folder, or is one."""
    return output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())


def are_several(sources: Sequence[str], output: str | None) -> bool:
    """Whether `sources` mean a number of files, of which each has its result in a folder."""
    if len(sources) != 1 or is_folder(output):
        return len(sources) > 0
    return Path(sources[0]).is_dir() or _is_pattern(sources[0])


def jobs(sources: Sequence[str], output: str, recursive: bool, sheet: bool = False) -> list[Job]:
    """Return the files that `sources` mean, in order, and where their results go.

    A file keeps its name, and its place within a folder; where its format cannot be written, or
    not hold a `sheet`, ``.png`` is added. Hidden files, and those in `output`, are left alone.

    Raises
    ------
    ArgumentError
        If there is none, if two have the same result, or if a result would replace a source.
    """
    folder = Path(output)
    if not is_folder(output) and (_is_input(folder.name) or files.kind(folder) == "array"):
        raise ArgumentError("output", output, "a folder, for the results of several files")
    made: dict[Path, Job] = {}
    for text in sources:
        found = 0
        for source, name in _found(text, folder.resolve(), recursive):
            found += 1
            job = Job(source, folder / _writable(name, sheet))
            if made.setdefault(job.target, job).source.resolve() != source.resolve():
                other = made[job.target].source
                expected = f"files of different names: the result of {other} is {job.target} too"
                raise ArgumentError("input", str(source), expected)
        if not found:
            raise ArgumentError("input", text, "a folder or pattern of pictures and sounds")
    read = {job.source.resolve() for job in made.values()}
    for job in made.values():
        if job.target.resolve() in read:
            expected = f"a folder in which no result replaces an input, as {job.target} would"
            raise ArgumentError("output", output, expected)
    return list(made.values())


def _is_pattern(text: str) -> bool:
    return has_magic(text) and not Path(text).exists()


def _found(text: str, output: Path, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Give each file that `text` means, and its name below the folder of results."""
    path = Path(text)
    if path.is_dir():
        for each in _within(path, output, recursive):
            yield each, each.relative_to(path)
    elif _is_pattern(text):
        for name in sorted(glob(text, recursive=True)):
            if (
                Path(name).is_file()
                and _is_input(name)
                and output not in Path(name).resolve().parents
            ):
                yield Path(name), Path(Path(name).name)
    else:
        yield path, Path(path.name)


def _within(folder: Path, output: Path, recursive: bool) -> Iterator[Path]:
    for root, inner, names in os.walk(folder, onerror=_unreadable):
        at = Path(root)
        inner[:] = sorted(
            name
            for name in inner
            if recursive and not name.startswith(".") and (at / name).resolve() != output
        )
        yield from (at / name for name in sorted(names) if _is_input(name))


def _unreadable(error: OSError) -> None:
    raise files.unreadable("input", error.filename, "a folder that can be read", error) from None


def _is_input(name: str) -> bool:
    path = Path(name)
    known = path.suffix.lower() in (*files.PICTURES, *files.SOUNDS)
    return known and not path.name.startswith(".")


def _writable(name: Path, sheet: bool) -> Path:
    if files.pictured(name) or (files.kind(name) != "picture" and not sheet):
        return name
    return name.with_name(name.name + ".png")
