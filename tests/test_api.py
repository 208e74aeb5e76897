"""The public interface: names, argument order and docstrings."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import numconv

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


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *CLASSES}))
def test_has_a_docstring_of_one_summary_line(name: str) -> None:
    lines = inspect.getdoc(getattr(numconv, name)).splitlines()
    assert lines[0].rstrip().endswith((".", ":"))
    assert len(lines) == 1 or lines[1] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_has_numpydoc_sections(name: str) -> None:
    text = inspect.getdoc(getattr(numconv, name))
    sections = ["Parameters"] if parameters(name) else []
    if not name.startswith("set_"):
        sections.append("Returns" if "Returns" in text or parameters(name) else "")
    if name.endswith("2d"):
        sections += ["Raises", "Examples"]
    for section in filter(None, sections):
        assert f"\n{section}\n{'-' * len(section)}\n" in text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_names_every_parameter(name: str) -> None:
    text = inspect.getdoc(getattr(numconv, name))
    described = text.partition("Parameters\n----------")[2]
    for parameter in parameters(name):
        assert parameter.lstrip("*") in described, parameter


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_annotated(name: str) -> None:
    for each in parameters(name).values():
        assert each.annotation is not inspect.Parameter.empty


def test_all_is_sorted_and_exists() -> None:
    assert list(numconv.__all__) == sorted(numconv.__all__)
    for name in numconv.__all__:
        assert hasattr(numconv, name)
