"""The public interface: names, argument order and docstrings."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import numconv
from numconv import filters, ndimage, signal

# The names and the order of torch.nn.functional, whose first argument is called input.
CONVOLUTION = ["x", "weight", "bias", "stride", "padding", "dilation", "groups"]
TRANSPOSED = [*("x", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")]
DEFAULTS = {"bias": None, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
EXPECTED = {
    **{f"conv{n}d": CONVOLUTION for n in (1, 2, 3)},
    **{f"shuffled_conv{n}d": CONVOLUTION for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": TRANSPOSED for n in (1, 2, 3)},
    **{f"involution{n}d": ["x", "kernels", "stride", "padding", "dilation"] for n in (1, 2, 3)},
}
OPTIONS = {
    "padding_mode": "zeros",
    "activation": None,
    "residual": None,
    "out": None,
    "backend": "auto",
    "algorithm": "auto",
    "accuracy": "standard",
    "tune": False,
}
FUNCTIONS = [name for name in numconv.__all__ if inspect.isfunction(getattr(numconv, name))]
CLASSES = [name for name in numconv.__all__ if inspect.isclass(getattr(numconv, name))]
PUBLIC = {
    f"{door.__name__.removeprefix('numconv.')}.{name}": function
    for door in (numconv, filters, ndimage, signal)
    for name in door.__all__
    if inspect.isfunction(function := getattr(door, name))
}


def parameters(name: str) -> Any:
    return inspect.signature(getattr(numconv, name)).parameters


@pytest.mark.parametrize("name", EXPECTED)
def test_positional_arguments_are_those_of_torch(name: str) -> None:
    positional = [
        p for p, each in parameters(name).items() if each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    assert positional == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_defaults(name: str) -> None:
    given = parameters(name)
    wanted = {**DEFAULTS, "groups": 1, **OPTIONS}
    for parameter, default in wanted.items():
        if parameter in given:
            assert given[parameter].default == default
    assert set(OPTIONS) <= set(given)
    for option in OPTIONS:
        assert given[option].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.peer
@pytest.mark.parametrize("name", [n for n in EXPECTED if n.startswith("conv")])
def test_torch_has_the_same_signature(name: str) -> None:
    functional = pytest.importorskip("torch.nn.functional", reason="PyTorch is not installed")
    text = (getattr(functional, name).__doc__ or "").strip().splitlines()[0]
    theirs = text[text.index("(") + 1 : text.index(")")].split(", ")
    names = [part.split("=")[0].strip() for part in theirs]
    assert names == ["input", *EXPECTED[name][1:]]


@pytest.mark.parametrize("name", [*PUBLIC, *CLASSES])
def test_has_a_docstring_of_one_summary_line(name: str) -> None:
    lines = inspect.getdoc(PUBLIC.get(name) or getattr(numconv, name)).splitlines()
    assert lines[0].rstrip().endswith((".", ":"))
    assert len(lines) == 1 or lines[1] == ""


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_has_numpydoc_sections(name: str) -> None:
    """Whatever takes arguments checks them, and raises."""
    text, signature = inspect.getdoc(PUBLIC[name]), inspect.signature(PUBLIC[name])
    sections = ["Parameters", "Raises"] if signature.parameters else []
    if signature.return_annotation not in (None, "None"):
        sections.append("Returns")
    for section in (*sections, "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text


@pytest.mark.parametrize("name", PUBLIC)
def test_example_calls_what_it_is_of(name: str) -> None:
    door, _, function = name.rpartition(".")
    examples = inspect.getdoc(PUBLIC[name]).partition("Examples\n--------")[2]
    brought = "import numconv" if door == "numconv" else f"from numconv import {door}"
    assert f">>> {brought}\n" in examples
    assert f"{door}.{function}(" in examples


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_names_every_parameter(name: str) -> None:
    described = inspect.getdoc(PUBLIC[name]).partition("Parameters\n----------")[2]
    described = described.partition("\nReturns\n")[0]
    for parameter in inspect.signature(PUBLIC[name]).parameters:
        assert parameter in described, parameter


def test_all_is_sorted_and_exists() -> None:
    assert list(numconv.__all__) == sorted(numconv.__all__)
    for name in numconv.__all__:
        assert hasattr(numconv, name)
