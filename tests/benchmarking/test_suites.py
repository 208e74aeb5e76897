"""The suites: each layer is one problem, and the networks have the work that is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import numconv
from numconv.benchmarking import suites
from numconv.benchmarking.suites import Layer, SuiteError
from numconv.core.dispatch import tracing
from numconv.core.protocol import Operand

NAMES = suites.names()
LAYERS = [(name, layer) for name in NAMES for layer in suites.load(name).layers]

# Convolutions, and the multiply-adds of all of them in thousands of millions, without the last,
# fully connected layers: as published, but for RedNet and U-Net, which were summed by hand.
KNOWN = {
    "resnet50": (53, 4.09),
    "vgg16": (13, 15.35),
    "alexnet": (5, 0.666),
    "resnext50": (53, 4.23),
    "mobilenet": (52, 0.2995),
    "shufflenet": (49, 0.137),
    "rednet": (89, 2.65),
    "unet": (23, 48.1),
}
OTHERS = ("involution", "transposed", "signal1d", "volume3d", "filters", "tiny")

GOOD = """
[[layers]]
name = "3x3"
function = "conv2d"
operands = [[1, 1, 9, 9], [1, 1, 3, 3]]
"""


def problem_of(layer: Layer) -> Any:
    with tracing() as traced:
        operands = [Operand(shape, layer.dtype) for shape in layer.operands]
        getattr(numconv, layer.function)(*operands, **layer.parameters)
    assert len(traced) == 1
    return traced[0].problem


def test_every_suite_is_there() -> None:
    assert set(NAMES) == {*KNOWN, *OTHERS}
    for name in NAMES:
        suite = suites.load(name)
        assert suite.title
        assert suite.source


@pytest.mark.parametrize(("suite", "layer"), LAYERS, ids=lambda each: getattr(each, "name", each))
def test_layer_is_one_problem_with_as_many_operands(suite: str, layer: Layer) -> None:
    problem = problem_of(layer)
    shapes = problem.operand_shapes + problem.epilogue.shapes(problem.result_shape)
    assert layer.operands == shapes
    assert layer.count >= 1
    assert layer.dtype == problem.dtype
    batch = problem.batch
    assert batch == 1 or f"batch {batch}" in layer.name
    assert layer.dtype == "float32" or layer.dtype in layer.name
    assert 0 < problem.macs < 12e9


@pytest.mark.parametrize("name", KNOWN)
def test_network_has_its_convolutions_and_its_work(name: str) -> None:
    layers = [each for each in suites.load(name).layers if not each.function.startswith("invol")]
    involutions = [each for each in suites.load(name).layers if each not in layers]
    count, expected = KNOWN[name]
    assert sum(each.count for each in (*layers, *involutions)) == count
    macs = sum(problem_of(each).macs * each.count for each in (*layers, *involutions))
    assert macs / 1e9 == pytest.approx(expected, rel=0.01)


def test_rednet_has_an_involution_for_each_3x3_of_resnet50_and_one_in_its_stem() -> None:
    count = dict.fromkeys(("rednet", "resnet50"), 0)
    for name in count:
        for layer in suites.load(name).layers:
            wanted = "inv" if name == "rednet" else "3x3"
            count[name] += layer.count * layer.name.startswith(wanted)
    assert count == {"rednet": 17, "resnet50": 16}


def test_tiny_calls_are_tiny() -> None:
    assert max(problem_of(layer).macs for layer in suites.load("tiny").layers) < 100_000


def test_a_file_of_ones_own_is_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + "parameters = { padding = [1, 2] }\ncount = 3\n")
    suite = suites.load(str(path))
    assert suite.name == suite.title == "mine"
    (layer,) = suite.layers
    assert layer.parameters == {"padding": (1, 2)}
    assert layer.operands == ((1, 1, 9, 9), (1, 1, 3, 3))
    assert (layer.count, layer.dtype) == (3, "float32")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("layers = []", "no layers"),
        ("title = 'none'", "no 'layers'"),
        ("[[layers]\n", "line 1"),
        (GOOD.replace('function = "conv2d"', ""), "no 'function'"),
        (GOOD + "strides = 2", "unknown key 'strides' in layer '3x3'"),
        (GOOD + GOOD, "two layers called '3x3'"),
        (GOOD.replace("[[1, 1, 9, 9], [1, 1, 3, 3]]", "3"), "int"),
    ],
)
def test_an_error_names_the_file_and_the_cause(text: str, cause: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(SuiteError) as caught:
        suites.load(str(path))
    assert str(path) in str(caught.value)
    assert cause in str(caught.value)


def test_an_unknown_suite_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"suite='resnet51': .*resnet50"):
        suites.load("resnet51")
    with pytest.raises(SuiteError, match=r"nowhere\.toml"):
        suites.load(str(tmp_path / "nowhere.toml"))
