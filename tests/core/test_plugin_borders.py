"""What the CPU backend imports of numconv: what any plugin may, and a list with its reasons."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BACKEND = Path(__file__).parents[2] / "plugins/numconv_cpu"

BESIDES = {
    "numconv.core": {
        "sources": "a compiled kernel is known by the source that it was made from, and so is "
        "what numconv itself keeps",
    },
    "numconv.core.activations": {
        "ACTIVATIONS": "kernels hold it, and are known by the module that it stands in",
        "LEAKY_SLOPE": "kernels hold it, and are known by the module that it stands in",
    },
    "numconv.core.background": {
        "hold_at_fork": "no fork comes in the midst of a compilation",
        "undisturbed": "no signal handler runs in the midst of a compilation",
    },
    "numconv.core.memory": {
        "ALIGNMENT": "of the memory that the next two make",
        "Pool": "workspaces are lent as results are",
        "aligned": "workspaces and packed weights begin on a cache line",
        "aligned_copy": "workspaces and packed weights begin on a cache line",
    },
    "numconv.core.patience": {
        "patiently": "a compilation that takes long says so, as downloads and tuning do",
    },
    "numconv.core.polyphase": {
        "outputs_over": "the phases of a stride are those of the CUDA backend as well",
        "result_phases": "the phases of a stride are those of the CUDA backend as well",
        "sample_phases": "the phases of a stride are those of the CUDA backend as well",
        "spacing": "the phases of a stride are those of the CUDA backend as well",
    },
    "numconv.core.problems.filter": {
        "NEGLIGIBLE": "kernels hold it, and are known by the module that it stands in",
    },
    "numconv.core.store": {
        "Store": "kernels lie in the folder of what numconv keeps, and are written as safely",
    },
    "numconv.core.tables": {
        "Axis": "the tables of a padded axis are those of the CUDA backend as well",
        "five_axes": "the tables of a padded axis are those of the CUDA backend as well",
        "three_axes": "the tables of a padded axis are those of the CUDA backend as well",
    },
}
"""By module, the names that are no part of `numconv.plugin`, and why the backend shares them."""


def _imported(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield module and name of whatever these import of numconv."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found = [(each.name, "") for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found = [(str(node.module), each.name) for each in node.names]
            else:
                continue
            yield from (each for each in found if each[0].split(".")[0] == "numconv")


def test_the_cpu_backend_imports_what_plugins_may_and_what_is_listed() -> None:
    found = set(_imported(sorted(BACKEND.rglob("*.py"))))
    listed = {(module, name) for module, names in BESIDES.items() for name in names}
    besides = {each for each in found if each[0] != "numconv.plugin"}
    assert besides - listed == set(), "import it from numconv.plugin, or say why it is shared"
    assert listed - besides == set(), "no longer imported: strike it off the list"
    assert ("numconv.plugin", "ConvolutionProblem") in found
