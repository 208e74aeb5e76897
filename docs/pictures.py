"""Make every picture of the documentation, and the tables of the gallery.

    python docs/pictures.py [operators] [filters] [arithmetic] [kernels]

Needs matplotlib, as `pip install -e ".[bench]"` brings it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from figures import arithmetic, filters, kernels, operators

GALLERY = Path(__file__).parent / "gallery.md"
BEGIN, END = "<!-- filters: made by pictures.py -->\n", "\n<!-- end of filters -->"

MAKERS = {
    "operators": operators.make,
    "filters": filters.make,
    "arithmetic": arithmetic.make,
    "kernels": kernels.make,
}


def with_tables(page: str) -> str:
    """Return the gallery with its tables of filters as they should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + filters.tables() + "\n" + END + after


def main(wanted: list[str]) -> None:
    """Make the pictures of these parts, of all by default."""
    for name in wanted or list(MAKERS):
        MAKERS[name]()
    GALLERY.write_text(with_tables(GALLERY.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
