"""Tensors whose memory does not hold what they mean: taken as they mean it, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import numconv
from numconv import filters, ndimage, signal

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peer

# For each argument of each door: its name, its shape, whether it may be complex, and the call.
WEIGHT, IMAGE = np.ones((2, 1, 3, 3), np.float32), np.ones((5, 5), np.float32)
PICTURE = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
DOORS: dict[str, tuple[str, tuple[int, ...], Callable[[Any], Any]]] = {
    "conv2d": ("x", (1, 1, 5, 5), lambda x: numconv.conv2d(x, _like(WEIGHT, x))),
    "conv2d_input": ("x", (1, 1, 5, 5), lambda x: numconv.conv2d(input=x, weight=_like(WEIGHT, x))),
    "weight": ("weight", (2, 1, 3, 3), lambda w: numconv.conv2d(_like(PICTURE, w), w)),
    "bias": ("bias", (2,), lambda b: numconv.conv2d(_like(PICTURE, b), _like(WEIGHT, b), b)),
    "transposed": ("x", (1, 2, 5, 5), lambda x: numconv.conv_transpose2d(x, _like(WEIGHT, x))),
    "involution2d": (
        "x",
        (1, 2, 5, 5),
        lambda x: numconv.involution2d(x, _like(np.ones((1, 1, 3, 3, 3, 3)), x)),
    ),
    "channel_shuffle": ("x", (1, 4, 5, 5), lambda x: numconv.channel_shuffle(x, 2)),
    "separable": (
        "x",
        (2, 5, 5),
        lambda x: numconv.separable_conv2d(x, _like(np.ones(3), x), _like(np.ones(3), x)),
    ),
    "plan": (
        "weight",
        (2, 1, 3, 3),
        lambda w: numconv.plan("conv2d", (1, 1, 5, 5), w, dtype=_name(w))(_like(PICTURE, w)),
    ),
    "signal.convolve2d": ("in1", (5, 5), lambda x: signal.convolve2d(x, _like(IMAGE, x))),
    "signal.convolve": ("in2", (5,), lambda x: signal.convolve(_like(IMAGE[0], x), x)),
    "signal.fftconvolve": ("in1", (5,), lambda x: signal.fftconvolve(x, _like(IMAGE[0], x))),
    "ndimage.gaussian_filter": ("input", (5, 5), lambda x: ndimage.gaussian_filter(x, 1)),
    "ndimage.correlate": ("weights", (3, 3), lambda w: ndimage.correlate(_like(IMAGE, w), w)),
    "filters.apply": ("x", (5, 5), lambda x: filters.apply(x, "gaussian")),
    "filters.kernel": ("kernel", (3, 3), lambda w: filters.apply(_like(IMAGE, w), w)),
}


def _name(tensor: Any) -> str:
    return str(tensor.dtype).rpartition(".")[2]


def _like(array: Any, tensor: Any) -> Any:
    """Return an array of the dtype of a tensor."""
    name = _name(tensor)
    return array.astype(name if hasattr(np, name) else "float32")


def complex_values(shape: tuple[int, ...]) -> Any:
    return torch.randn(shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))


@pytest.mark.filterwarnings("ignore::numconv.PerformanceWarning")
@pytest.mark.parametrize("door", DOORS)
def test_negated_and_conjugated_views_are_what_they_mean(door: str) -> None:
    _, shape, call = DOORS[door]
    negated = complex_values(shape).conj().imag
    assert negated.is_neg()
    expected = np.asarray(call(negated.resolve_neg().numpy()))
    np.testing.assert_array_equal(np.asarray(call(negated)), expected)
    conjugate = complex_values(shape).conj()
    assert conjugate.is_conj()
    expected = np.asarray(call(conjugate.resolve_conj().numpy()))
    np.testing.assert_array_equal(np.asarray(call(conjugate)), expected)


@pytest.mark.parametrize("door", DOORS)
def test_expanded_and_flat_zero_tensors_are_what_they_mean(door: str) -> None:
    _, shape, call = DOORS[door]
    expanded = torch.full((1,) * len(shape), 2.0).expand(shape)
    expected = call(np.full(shape, 2, np.float32))
    np.testing.assert_array_equal(np.asarray(call(expanded)), np.asarray(expected))
    expected = call(np.zeros(shape, np.float32))
    np.testing.assert_array_equal(np.asarray(call(torch._efficientzerotensor(shape))), expected)


def fake(shape: Any) -> Any:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        return torch.ones(shape)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "sparse": (lambda shape: torch.ones(shape).to_sparse(), "to_dense"),
    "quantised": (
        lambda shape: torch.quantize_per_tensor(torch.ones(shape), 0.1, 0, torch.quint8),
        "quint8",
    ),
    "meta": (lambda shape: torch.ones(shape, device="meta"), "meta"),
    "fake": (fake, "FakeTensor"),
    "bfloat16": (lambda shape: torch.ones(shape).bfloat16(), r"torch.bfloat16.*float32"),
    "nested": (
        lambda shape: torch.nested.nested_tensor([torch.ones(shape[1:])] * shape[0]),
        "nested",
    ),
    "not initialised": (lambda shape: torch.nn.parameter.UninitializedParameter(), "initialized"),
    "requires gradients": (
        lambda shape: torch.ones(shape, requires_grad=True),
        r"\.detach\(\), or a call under torch\.no_grad\(\)",
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("door", DOORS)
def test_what_has_no_values_in_memory_is_refused_by_name(door: str, kind: str) -> None:
    name, shape, call = DOORS[door]
    make, reason = REFUSED[kind]
    with pytest.raises(ValueError, match=reason) as caught:
        call(make(shape))
    assert str(caught.value).startswith((f"{name}=", "operands["))


@pytest.mark.parametrize("door", DOORS)
def test_gradients_are_nothing_to_lose_under_no_grad(door: str) -> None:
    _, shape, call = DOORS[door]
    with torch.no_grad():
        result = call(torch.nn.Parameter(torch.ones(shape)))
    expected = np.asarray(call(np.ones(shape, np.float32)))
    np.testing.assert_array_equal(np.asarray(result), expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("transform", ["vmap", "grad", "jvp", "functionalize"])
def test_transforms_of_functions_are_refused(transform: str) -> None:
    x = torch.ones(2, 1, 5, 5)

    def call(value: Any) -> Any:
        return numconv.conv2d(value, WEIGHT)

    transformed = {
        "vmap": lambda: torch.vmap(call)(x),
        "grad": lambda: torch.func.grad(lambda value: call(value).sum())(x),
        "jvp": lambda: torch.func.jvp(call, (x,), (x,)),
        "functionalize": lambda: torch.func.functionalize(call)(x),
    }
    with pytest.raises(TypeError, match=r"torch\.func"):
        transformed[transform]()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tangent_is_not_dropped() -> None:
    with torch.autograd.forward_ad.dual_level():
        x = torch.autograd.forward_ad.make_dual(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 5, 5))
        with pytest.raises(TypeError, match="tangents"):
            numconv.conv2d(x, WEIGHT)


def test_a_view_that_is_negated_when_read_is_no_place_for_a_result() -> None:
    out = torch.zeros(1, 2, 3, 3, dtype=torch.complex64).conj().imag
    with pytest.raises(ValueError, match=r"^out="):
        numconv.conv2d(PICTURE, WEIGHT, out=out)
    image = torch.zeros(5, 5, dtype=torch.complex64).conj().imag
    with pytest.raises(ValueError, match=r"^output="):
        ndimage.gaussian_filter(IMAGE, 1, output=image)


def test_tensors_in_tensors_out() -> None:
    x = torch.rand(9, 9, dtype=torch.float64)
    for result in (
        ndimage.gaussian_filter(x, 1),
        ndimage.correlate1d(x, [1, 2, 1]),
        signal.convolve2d(x, np.ones((2, 2))),
        filters.apply(x, "gaussian"),
    ):
        assert type(result) is torch.Tensor
    out = torch.zeros(9, 9, dtype=torch.float64)
    assert ndimage.gaussian_filter(x, 1, output=out) is out
    np.testing.assert_array_equal(out.numpy(), ndimage.gaussian_filter(x.numpy(), 1))
    room = np.zeros((9, 9))
    assert ndimage.gaussian_filter(x, 1, output=room) is room
    assert type(ndimage.gaussian_filter(x, 1, output="float32")) is torch.Tensor


def test_a_layer_moves_over_by_the_import() -> None:
    layer, x = torch.nn.Conv2d(3, 4, 3, padding=1), torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        expected = torch.nn.functional.conv2d(
            input=x, weight=layer.weight, bias=layer.bias, padding=1
        )
        got = numconv.conv2d(input=x, weight=layer.weight, bias=layer.bias, padding=1)
    torch.testing.assert_close(got, expected)
    with pytest.raises(TypeError, match="input="):
        numconv.conv2d(x, layer.weight.detach(), input=x)
