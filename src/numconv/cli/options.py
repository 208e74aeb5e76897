"""What several commands share: how sizes are written, and the options that give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from ..core.geometry import LARGEST, PADDING_MODES, PADDING_WORDS
from . import completion

DTYPE = "float32"
_MOST_DIGITS, _MOST_SHOWN = len(str(LARGEST)), 60

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType


class Sizes(ParamType):
    """Integers separated by x or commas, such as 1x64x56x56; a single one stays an int."""

    name = "sizes"

    def __init__(self, minimum: int = 1, single: bool = True) -> None:
        self.minimum, self.single = minimum, single

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        parts = re.split(r"[x×,]", value.strip().lower())
        if not all(re.fullmatch(r"[0-9]+", part.strip()) for part in parts):
            self.fail(f"{value!r}: expected integers such as 3, 3x3 or 1,64,56,56", param, ctx)
        numbers = self._integers(value, parts, param, ctx)
        if min(numbers) < self.minimum:
            self.fail(f"{value!r}: expected at least {self.minimum} each", param, ctx)
        return numbers[0] if self.single and len(numbers) == 1 else numbers

    def _integers(
        self,
        value: str,
        parts: Iterable[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[int, ...]:
        """Return what the digits say; no axis is longer than `LARGEST`."""
        digits = [part.strip().lstrip("0") or "0" for part in parts]
        longest = max(map(len, digits))
        if longest > _MOST_DIGITS or max(map(int, digits)) > LARGEST:
            shown = value if len(value) <= _MOST_SHOWN else f"a number of {longest} digits"
            self.fail(f"{shown!r}: expected at most {LARGEST}", param, ctx)
        return tuple(map(int, digits))


class Padding(Sizes):
    """A padding word, a number, or numbers per axis; LO:HI gives the two ends of an axis."""

    name = "padding"

    def __init__(self) -> None:
        super().__init__(minimum=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str) or value in PADDING_WORDS:
            return value
        if ":" not in value:
            if re.fullmatch(r"[a-z_]+", value):
                words = ", ".join(PADDING_WORDS)
                self.fail(f"{value!r}: expected a number or one of {words}", param, ctx)
            return super().convert(value, param, ctx)
        pairs = [re.fullmatch(r"(\d+):(\d+)", part) for part in re.split(r"[x,]", value)]
        if not all(pairs):
            self.fail(f"{value!r}: expected pairs such as 0:1 or 0:1,2:2", param, ctx)
        ends = [self._integers(value, pair.groups(), param, ctx) for pair in pairs if pair]
        return tuple((low, high) for low, high in ends)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _all(*options: Decorator) -> Decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


BACKEND = click.option(
    "--backend",
    shell_complete=completion.backends,
    default="auto",
    show_default=True,
    help="See `numconv backends`.",
)

OP = click.option(
    "--op",
    shell_complete=completion.operators,
    default="direct",
    show_default=True,
    help="See `numconv ops`.",
)

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no more.")

GEOMETRY = _all(
    click.option("--stride", type=Sizes(), help="Step per axis, e.g. 2 or 2x1.  [default: 1]"),
    click.option(
        "--padding",
        type=Padding(),
        help=f"Per axis, e.g. 1, 1x2 or 0:1,0:1 (low:high); or {', '.join(PADDING_WORDS)}.",
    ),
    click.option("--padding-mode", type=click.Choice(PADDING_MODES), help="[default: zeros]"),
    click.option("--dilation", type=Sizes(), help="Distance between taps.  [default: 1]"),
    click.option("--groups", type=click.IntRange(min=1), help="[default: 1, or the operator's]"),
)

OPERANDS = _all(
    click.option(
        "--shape",
        type=Sizes(minimum=0, single=False),
        help="Shape of x, random, e.g. 1x64x56x56 or 1,64,56,56.",
    ),
    click.option(
        "--weight-shape",
        "weight_shapes",
        type=Sizes(single=False),
        multiple=True,
        help="Shape of the weight or kernels, random; once for each operand after x.",
    ),
    click.option("--kernel", type=Sizes(), help="Kernel size, where --weight-shape is not given."),
    click.option(
        "--out-channels",
        type=click.IntRange(min=1),
        help="Output channels, where --weight-shape is not given.  [default: as many as x]",
    ),
    click.option("--dtype", help=f"Of the random tensors, or to convert to.  [default: {DTYPE}]"),
)


class Setting(ParamType):
    """A parameter of an operator, NAME=VALUE."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip().isidentifier():
            self.fail(f"{value!r}: expected NAME=VALUE, e.g. scale=3", param, ctx)
        return name.strip(), _value(text.strip())


def _value(text: str) -> Any:
    if re.fullmatch(r"[0-9]+([x,][0-9]+)*", text):
        return Sizes(minimum=0).convert(text, None, None)
    words = {"true": True, "false": False, "none": None}
    try:
        return words[text.lower()] if text.lower() in words else float(text)
    except ValueError:
        return text


def _settings(
    ctx: click.Context, param: click.Parameter, value: Iterable[tuple[str, Any]]
) -> dict[str, Any]:
    return dict(value)


SETTINGS = _all(
    click.option("--activation", help="Applied as the result is stored, e.g. relu."),
    click.option(
        "--set",
        "settings",
        type=Setting(),
        multiple=True,
        callback=_settings,
        help="Another parameter of the operator, e.g. output_padding=1 or interpolation=linear.",
    ),
)

SEVERAL = _all(
    click.option("--recursive", is_flag=True, help="Also what is in folders within a folder."),
    click.option(
        "--existing",
        type=click.Choice(("refuse", "overwrite", "replace", "skip")),
        default="refuse",
        show_default=True,
        help="What to do where the folder --output holds results already, or --output is --input.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Files at a time, as far as memory allows.  [default: as many as processors, up to 8]",
    ),
)

CHOICE = _all(
    BACKEND,
    click.option("--algorithm", default="auto", show_default=True, help="See `numconv explain`."),
)


def given(**parameters: Any) -> dict[str, Any]:
    """Return the parameters that were written on the command line."""
    return {name: value for name, value in parameters.items() if value is not None}
