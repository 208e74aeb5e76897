"""The implicit matrix products: every tile in every form, and what the laws do not ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numconv.core.problems import ConvolutionProblem
from numconv.testing import LAWS

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.array import DeviceArray
from numconv_cuda.convolution import implicit_plan, product, tensor_product
from numconv_cuda.convolution.direct import Direct
from numconv_cuda.convolution.tensor import Tensor, vectors_of

DEVICE = Interpreted()
LAW = next(each for each in LAWS if each.name == "within_bound")
# More rows and columns than the largest tile has, and neither a multiple of anything.
BEYOND = ConvolutionProblem(
    batch=2,
    in_channels=4,
    out_channels=131,
    input_shape=(7, 11),
    kernel_shape=(3, 3),
    stride=(1, 1),
    padding=((1, 1), (1, 1)),
    dilation=(1, 1),
)
BACKWARD = replace(
    BEYOND, direction="input_gradient", in_channels=131, out_channels=4, stride=(1, 2)
)
FORMS: dict[str, Any] = {
    "direct-float32": (Direct, product, {"dtype": "float32"}),
    "direct-float64": (Direct, product, {"dtype": "float64"}),
    "direct-float16": (Direct, product, {"dtype": "float16"}),
    "3xtf32": (Tensor, tensor_product, {"dtype": "float32"}),
    "tf32": (Tensor, tensor_product, {"dtype": "float32", "accuracy": "fast"}),
    "float16": (Tensor, tensor_product, {"dtype": "float16"}),
}


EVERY = [
    pytest.param(form, tile, problem, id=f"{form}-{tile.name}-{problem.direction}")
    for form, (_, module, changes) in FORMS.items()
    for tile in (module.TILES if module is tensor_product else product.tiles(changes["dtype"]))
    # Both ways are one to the kernels, which only their tables tell apart.
    for problem in ((BEYOND, BACKWARD) if form in ("direct-float32", "3xtf32") else (BEYOND,))
]


@pytest.mark.parametrize(("form", "tile", "problem"), EVERY)
def test_every_tile_is_within_the_bound(
    form: str, tile: Any, problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, _, changes = FORMS[form]
    monkeypatch.setattr(implicit_plan, "choose", lambda tiles, size, processors: tile)
    varied = replace(problem, **changes)
    described = kind(lambda: DEVICE).plan(varied).describe()
    assert f"tiles of {tile.rows} channels x {tile.columns}" in described
    LAW.check(varied, kind(lambda: DEVICE))


@pytest.mark.parametrize("aligned", [True, False], ids=["vectors", "single"])
@pytest.mark.parametrize("direction", ["forward", "input_gradient"])
@pytest.mark.parametrize("form", ["3xtf32", "float16"])
def test_vectors_are_as_good_as_single_values(
    form: str, direction: Any, aligned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, _, changes = FORMS[form]
    monkeypatch.setattr(DeviceArray, "aligned", aligned)
    pointwise = replace(
        BEYOND,
        in_channels=56,
        out_channels=40,
        input_shape=(5, 8),
        kernel_shape=(1, 1),
        padding=((0, 0), (0, 0)),
        direction=direction,
        **changes,
    )
    assert vectors_of(pointwise) == (direction == "forward", True)
    LAW.check(pointwise, kind(lambda: DEVICE))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"in_channels": 4}, (True, False)),
        ({"in_channels": 3}, (False, False)),
        (
            {"kernel_shape": (1, 1), "padding": ((0, 0), (0, 0)), "input_shape": (2, 6)},
            (True, True),
        ),
        (
            {"kernel_shape": (1, 1), "padding": ((0, 0), (0, 0)), "input_shape": (3, 3)},
            (True, False),
        ),
        (
            {"kernel_shape": (1, 1), "padding": ((1, -1), (0, 0)), "input_shape": (2, 6)},
            (True, False),
        ),
        (
            {
                "kernel_shape": (1, 1),
                "padding": ((0, 0), (0, 0)),
                "input_shape": (1, 4),
                "stride": (2, 1),
            },
            (True, False),
        ),
    ],
)
def test_where_vectors_are_read(changes: dict[str, Any], expected: tuple[bool, bool]) -> None:
    assert vectors_of(replace(BEYOND, **changes)) == expected


def test_tiles_are_chosen_by_what_they_compute_in_vain() -> None:
    def chosen(channels: int, positions: int, processors: int = 132) -> Any:
        return implicit_plan.choose(product.TILES, (channels, positions, 1), processors)

    assert chosen(512, 100_000) is product.LARGE
    assert chosen(32, 100_000) is product.FLAT
    assert chosen(64, 49) is product.SMALL


@pytest.mark.parametrize("form", ["3xtf32", "tf32"])
def test_three_products_are_as_exact_as_float32(form: str) -> None:
    """Of one product each, so that nothing but its own error is seen."""
    kind, _, changes = FORMS[form]
    problem = replace(
        BEYOND, batch=1, in_channels=1, out_channels=64, kernel_shape=(1, 1), padding=((0, 0),) * 2
    )
    generator = np.random.default_rng(0)
    x, weight = (
        generator.uniform(1, 2, shape).astype(np.float32) for shape in problem.operand_shapes
    )
    out = np.full(problem.result_shape, np.nan, np.float32)
    kind(lambda: DEVICE).plan(replace(problem, **changes))(x, weight, out=out)
    exact = weight.astype(np.float64).reshape(1, 64, 1, 1) * x
    error = np.abs(out - exact).max() / np.finfo(np.float32).eps
    if form == "3xtf32":
        assert error < 8  # of products up to 4, whose own rounding unit is 4
    else:
        assert 1000 < error < 4 * 2**13


@pytest.mark.parametrize("size", [1e-40, 1e-30, 1e27, 3e38])
def test_values_of_every_size(size: float) -> None:
    """What is scaled on the way is neither lost nor infinite."""
    problem = replace(BEYOND, batch=1, out_channels=3, input_shape=(4, 4))
    generator = np.random.default_rng(1)
    x, weight = (
        generator.uniform(0.2, 0.9, shape).astype(np.float32) for shape in problem.operand_shapes
    )
    x = (x * np.float32(size)).astype(np.float32)
    weight /= np.float32(45)
    out = np.full(problem.result_shape, np.nan, np.float32)
    Tensor(lambda: DEVICE).plan(problem)(x, weight, out=out)
    expected = np.empty_like(out)
    Direct(lambda: DEVICE).plan(problem)(x, weight, out=expected)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-43)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dtype": "float64"}, "not float64"),
        ({"accuracy": "strict"}, "accuracy='strict' forbids"),
        ({"padding_mode": "reflect"}, "padding_mode='reflect'"),
    ],
)
def test_refusals(changes: dict[str, Any], reason: str) -> None:
    assert reason in str(Tensor(lambda: DEVICE).refusal(replace(BEYOND, **changes)))


def test_an_older_gpu_has_no_such_tensor_cores() -> None:
    old = Interpreted(capability=(7, 5))
    assert "needs a GPU of compute capability 8.0" in str(Tensor(lambda: old).refusal(BEYOND))
