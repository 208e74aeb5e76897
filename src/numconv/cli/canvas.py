"""Text and colours for the pictures that the command line draws."""

from __future__ import annotations

from typing import Any

INK, FAINT, PAPER = (32, 36, 44), (112, 118, 130), (255, 255, 255)

# Pillow's own font has no glyphs beyond Latin-1's letters and few of its signs.
_PLAIN = str.maketrans(
    {"×": "x", "→": "->", "—": "-", "–": "-", "…": "...", "≥": ">=", "≤": "<=", "²": "^2"}
    | {"σ": "sigma", "µ": "u", "·": "*", "“": '"', "”": '"', "’": "'", "−": "-", "‖": "|"}
)


def font(size: int = 15) -> Any:
    """Return Pillow's own font, which needs no file on the machine."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Return `text` in the letters that `font` has."""
    return text.translate(_PLAIN)


def wrap(text: str, width: int, size: int = 15) -> list[str]:
    """Break `text` into lines of at most `width` pixels, where words allow it."""
    face = font(size)
    lines: list[str] = []
    for paragraph in plain(text).splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and face.getlength(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines
