"""The types of public signatures: they resolve, name exactly what is accepted, and help mypy."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import numconv
from numconv import filters, ndimage, signal
from numconv.composite import resize
from numconv.core import activations, dtypes, geometry, signatures
from numconv.core.problems import common
from numconv.filters import applying, catalogue
from numconv.ndimage import arguments
from numconv.signal import methods, operands, planar

HERE = Path(__file__).parent
DOORS = (numconv, filters, ndimage, signal)
FUNCTIONS = {
    f"{door.__name__}.{name}": function
    for door in DOORS
    for name in door.__all__
    if inspect.isfunction(function := getattr(door, name))
}

# What a type says, and what the code that checks the argument knows.
CHECKED = {
    "PaddingMode": (signatures.PaddingMode, geometry.PADDING_MODES),
    "PaddingWord": (signatures.PaddingWord, geometry.PADDING_WORDS),
    "Activation": (signatures.Activation, activations.REFERENCES),
    "Accuracy": (signatures.Accuracy, common.ACCURACIES),
    "DtypeName": (signatures.DtypeName, dtypes.DTYPES),
    "Interpolation": (resize.Interpolation, resize.INTERPOLATIONS),
    "signal.Mode": (operands.Mode, operands.MODES),
    "signal.Method": (operands.Method, operands.METHODS),
    "signal.Chosen": (methods.Chosen, set(operands.METHODS) - {"auto"}),
    "signal.Boundary": (planar.Boundary, planar.BOUNDARIES),
    "ndimage.Mode": (arguments.Mode, arguments.PADDING_MODES),
    "filters.Nan": (applying.Nan, applying.NAN),
    "filters.Dtype": (catalogue.Dtype, catalogue._DTYPES),
}


@pytest.mark.parametrize("name", CHECKED)
def test_words_are_those_that_are_checked(name: str) -> None:
    said, checked = CHECKED[name]
    assert len(set(get_args(said))) == len(get_args(said))
    assert set(get_args(said)) == set(checked)


_IMAGE = np.ones((1, 1, 5, 5))
_CALLS: dict[str, Callable[..., Any]] = {
    "numconv.conv2d": lambda **word: numconv.conv2d(_IMAGE, np.ones((1, 1, 3, 3)), **word),
    "numconv.resize_conv2d": lambda **word: numconv.resize_conv2d(_IMAGE, _IMAGE, **word),
    "numconv.explain": lambda **word: numconv.explain("conv1d", (1, 9), (1, 1, 3), **word),
    "numconv.signal.convolve": lambda **word: signal.convolve(_IMAGE, _IMAGE, **word),
    "numconv.signal.convolve2d": lambda **word: signal.convolve2d(_IMAGE[0, 0], [[1]], **word),
    "numconv.ndimage.sobel": lambda **word: ndimage.sobel(_IMAGE, **word),
    "numconv.filters.apply": lambda **word: filters.apply(_IMAGE, "box", **word),
    "numconv.filters.kernel": lambda **word: filters.kernel("box", **word),
}


def _words(hint: Any) -> list[str]:
    """Return the words among what a type allows."""
    if get_origin(hint) is Literal:
        return [word for word in get_args(hint) if isinstance(word, str)]
    if get_origin(hint) in (Union, UnionType):
        return [word for each in get_args(hint) for word in _words(each)]
    return []


WORDS = [
    pytest.param(name, parameter, _words(hint), id=f"{name}-{parameter}")
    for name in _CALLS
    for parameter, hint in get_type_hints(FUNCTIONS[name]).items()
    if parameter != "return" and _words(hint)
]


@pytest.mark.parametrize(("name", "parameter", "words"), WORDS)
def test_every_word_is_accepted_and_no_other(name: str, parameter: str, words: list[str]) -> None:
    for word in words:
        _CALLS[name](**{parameter: word})
    with pytest.raises(numconv.ArgumentError, match=parameter):
        _CALLS[name](**{parameter: f"{words[0]}x"})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_has_a_type_that_says_something(name: str) -> None:
    hints = get_type_hints(FUNCTIONS[name])
    signature = inspect.signature(FUNCTIONS[name])
    assert set(hints) == {*signature.parameters, "return"}
    for parameter, each in signature.parameters.items():
        passed_on = each.kind is each.VAR_KEYWORD
        assert passed_on or hints[parameter] is not Any, parameter
    assert hints["return"] is not Any


RESOLVE = """
import inspect, sys
from typing import get_type_hints
import numconv
from numconv import filters, ndimage, signal
for door in (numconv, filters, ndimage, signal):
    for name in door.__all__:
        if inspect.isfunction(getattr(door, name)):
            get_type_hints(getattr(door, name))
get_type_hints(numconv.PreparedPlan.__call__)
print(*sorted({"PIL", "numba", "scipy", "torch", "typing_extensions"} & set(sys.modules)))
"""


def test_types_resolve_without_the_libraries_that_they_speak_of() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == []


def test_mypy_sees_what_users_write(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nstrict = true\nfollow_imports = silent\n")
    public = tmp_path / "public.py"
    names = [f"{door.__name__}.{name}" for door in DOORS for name in door.__all__]
    public.write_text("\n".join(["import numconv", *names, ""]))
    assert numconv.__file__ is not None
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", settings),
            *("--cache-dir", tmp_path / "cache", HERE / "typed_calls.py", public),
        ],
        env={**os.environ, "MYPYPATH": str(Path(numconv.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
