"""Kernels with one fault each, made from PTX: tests are as good as the faults that they find."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from interpreter import Fault, Kernel, Module

_SIZES = {"8": 1, "16": 2, "32": 4, "64": 8}
_LOOSER = {"lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "lo": "ls", "hi": "hs"}


def _further(found: re.Match[str]) -> str:
    """The address of a load, one value further."""
    load, lanes, kind, into, base, offset = found.groups()
    size = _SIZES[kind[1:]] * int(lanes or 1)
    return f"{load}{'.v' + lanes if lanes else ''}.{kind} {into}[{base}+{int(offset or 0) + size}]"


Rule = tuple[str, Callable[[re.Match[str]], str]]
_RULES: dict[str, Rule] = {
    "barrier": (r"\bbar(?:rier)?\.(?:cta\.)?sync[^;]*;", lambda found: ""),
    "warp barrier": (r"\bbar\.warp\.sync[^;]*;", lambda found: ""),
    "wait": (r"\bcp\.async\.wait_(?:group\s+\d+|all)\s*;", lambda found: ""),
    "load": (
        r"(ld\.(?:global|shared)(?:\.nc)?)(?:\.v(\d))?\.([busf]\d+)\s+([^;\[]*)"
        r"\[(%?\w+)(?:\+(-?\d+))?\]",
        _further,
    ),
    "bound": (
        r"(setp\.)(lt|le|gt|ge|lo|hi)(\.[su]\d\d)",
        lambda found: found[1] + _LOOSER[found[2]] + found[3],
    ),
    "guard": (r"@!?%\w+\s+(?=(?:ld|st|cp)\b)", lambda found: ""),
}
KINDS = tuple(_RULES)


def mutants(text: str, *kinds: str) -> Iterator[tuple[str, str]]:
    """Yield a description and the PTX of every kernel that differs from `text` by one fault.

    `kinds` are among `KINDS`: a barrier left out ("barrier", "warp barrier"), a wait for
    asynchronous copies left out ("wait"), a load one value further ("load"), a comparison of
    integers that is off by one ("bound"), a memory access without its predicate ("guard").
    """
    for kind in kinds or KINDS:
        pattern, change = _RULES[kind]
        for found in re.finditer(pattern, text):
            line = text.count("\n", 0, found.start()) + 1
            changed = change(found)
            said = f"{kind}, line {line}: {found[0]!r} -> {changed!r}"
            yield said, text[: found.start()] + changed + text[found.end() :]


def survivors(text: str, passes: Callable[[Kernel], bool], *kinds: str) -> list[str]:
    """Return the mutants that nothing catches: no `Fault`, and `passes` finds their result right.

    One that survives is a hole in the test, or no fault for the sizes that it uses.
    """
    if not passes(Module(text).kernel()):
        raise ValueError("the kernel fails as it is")
    found = []
    for said, mutant in mutants(text, *kinds):
        try:
            if passes(Module(mutant).kernel()):
                found.append(said)
        except Fault:
            continue
    return found
