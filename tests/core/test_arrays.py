"""Any view of the same values gives the same bits; other libraries' arrays come back as such."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import numconv


def strided(array: Any) -> Any:
    room = np.zeros((*array.shape[:-1], 3 * array.shape[-1]), array.dtype)
    room[..., 1::3] = array
    return room[..., 1::3]


def transposed(array: Any) -> Any:
    return np.ascontiguousarray(array.swapaxes(0, -1)).swapaxes(0, -1)


def backwards(array: Any) -> Any:
    return np.flip(np.ascontiguousarray(np.flip(array)))


def misaligned(array: Any) -> Any:
    room = np.zeros(array.nbytes + 1, np.uint8)
    view = room[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def read_only(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


def other_byte_order(array: Any) -> Any:
    return array.astype(array.dtype.newbyteorder())


class Interface:
    """An array of another library, which offers its memory and nothing else."""

    def __init__(self, array: Any) -> None:
        self._kept, self.__array_interface__ = array, array.__array_interface__


VIEWS = (strided, transposed, backwards, misaligned, read_only, other_byte_order, Interface)
RNG = np.random.default_rng(20)
CALLS: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "conv2d": (numconv.conv2d, (2, 5, 13, 11), (7, 5, 3, 3)),
    "depthwise": (
        lambda x, w, **k: numconv.conv2d(x, w, groups=6, **k),
        (1, 6, 13, 9),
        (6, 1, 3, 3),
    ),
    "pointwise": (numconv.conv2d, (2, 9, 7, 5), (4, 9, 1, 1)),
    "conv_transpose2d": (numconv.conv_transpose2d, (1, 5, 7, 6), (5, 3, 4, 4)),
    "involution2d": (numconv.involution2d, (1, 4, 9, 8), (1, 2, 3, 3, 7, 6)),
}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
@pytest.mark.parametrize("name", CALLS)
def test_any_view_gives_the_same_bits(name: str, view: Callable[[Any], Any]) -> None:
    function, x_shape, w_shape = CALLS[name]
    x, weight = (RNG.standard_normal(shape).astype("float32") for shape in (x_shape, w_shape))
    expected = function(x, weight)
    assert np.asarray(function(view(x), weight)).tobytes() == expected.tobytes()
    assert function(x, view(weight)).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "view", [strided, transposed, backwards, misaligned], ids=lambda v: v.__name__
)
@pytest.mark.parametrize("name", CALLS)
def test_out_of_any_layout_is_written_whole(name: str, view: Callable[[Any], Any]) -> None:
    function, x_shape, w_shape = CALLS[name]
    x, weight = (RNG.standard_normal(shape).astype("float32") for shape in (x_shape, w_shape))
    expected = function(x, weight)
    out = view(np.full_like(expected, np.nan))
    assert function(x, weight, out=out) is out
    assert np.ascontiguousarray(out).tobytes() == expected.tobytes()


def test_out_beside_an_operand_in_one_buffer_leaves_the_operand() -> None:
    room = np.full((2, 1, 1, 6, 6), 1.0)
    kept = room[0].copy()
    numconv.conv2d(room[0], np.ones((1, 1, 3, 3)), padding=1, out=room[1])
    assert np.array_equal(room[0], kept)
    assert room[1].max() == 9


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64"])
def test_integers_give_exact_int64(dtype: str) -> None:
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**20)), min(info.max, 2**20)
    x = RNG.integers(low, high, (1, 40, 9, 8), dtype, endpoint=True)
    weight = RNG.integers(low, high, (3, 40, 3, 3), dtype, endpoint=True)
    got = numconv.conv2d(x, weight)
    assert got.dtype == "int64"
    exact = sum(
        int(x[0, c, 2 + ky, 3 + kx]) * int(weight[1, c, ky, kx])
        for c, ky, kx in np.ndindex(40, 3, 3)
    )
    assert got[0, 1, 2, 3] == exact


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_a_float_keeps_its_dtype(dtype: str) -> None:
    x, weight = np.ones((1, 2, 5, 5), dtype), np.ones((3, 2, 3, 3), dtype)
    algorithm = "loops" if dtype.startswith("complex") else "auto"
    turned, kernels = weight.swapaxes(0, 1), np.ones((1, 1, 3, 3, 3, 3), dtype)
    assert numconv.conv2d(x, weight, algorithm=algorithm).dtype == dtype
    assert numconv.conv_transpose2d(x, turned, algorithm=algorithm).dtype == dtype
    assert numconv.involution2d(x, kernels, algorithm=algorithm).dtype == dtype


def test_float16_is_summed_in_float32() -> None:
    """4096 ones summed in 16 bits stop at 2048, where the next number is 2050."""
    one = np.float16(1)
    x, weight = np.full((1, 4096, 2, 2), one), np.full((1, 4096, 1, 1), one)
    assert (numconv.conv2d(x, weight) == 4096).all()
    assert (numconv.conv_transpose2d(x, weight.swapaxes(0, 1)) == 4096).all()
    signal, kernels = np.full((1, 1, 4096), one), np.full((1, 1, 4096, 1), one)
    assert (numconv.involution1d(signal, kernels) == 4096).all()
    assert (numconv.conv1d(signal, np.full((1, 1, 4096), one)) == 4096).all()


@pytest.mark.parametrize("shape", [(0, 3, 8, 8)], ids=["batch_of_none"])
def test_nothing_in_gives_nothing_out(shape: tuple[int, ...]) -> None:
    assert numconv.conv2d(np.ones(shape), np.ones((5, 3, 3, 3))).shape == (0, 5, 6, 6)
    assert numconv.conv_transpose2d(np.ones(shape), np.ones((3, 5, 3, 3))).shape == (0, 5, 10, 10)
    assert numconv.involution2d(np.ones(shape), np.ones((0, 1, 3, 3, 6, 6))).shape == (0, 3, 6, 6)


def test_numpy_subclasses_give_plain_arrays() -> None:
    class Marked(np.ndarray):
        pass

    x = np.ones((1, 1, 4)).view(Marked)
    assert type(numconv.conv1d(x, np.ones((1, 1, 2)))) is np.ndarray


TORCH = """
import numconv, numpy as np, torch
x, weight = torch.rand(1, 3, 8, 8), torch.rand(4, 3, 3, 3)
got = numconv.conv2d(x, weight, padding=1)
assert type(got) is torch.Tensor and got.dtype == torch.float32, type(got)
expected = numconv.conv2d(x.numpy(), weight.numpy(), padding=1)
assert np.array_equal(got.numpy(), expected)
out = torch.full((1, 4, 8, 8), float("nan"))
assert numconv.conv2d(x, weight, padding=1, out=out) is out
assert torch.equal(out, got)
from numconv.core import arrays
assert arrays.adapt("x", x).ctypes.data == x.data_ptr()
made = np.zeros(3, np.float32)
assert arrays.restorer(x)(made).data_ptr() == made.ctypes.data
turned = x.transpose(2, 3)
assert torch.equal(numconv.conv2d(turned, weight), numconv.conv2d(turned.contiguous(), weight))
half = torch.rand(1, 2, 9).half()
assert numconv.conv1d(half, torch.rand(3, 2, 3).half()).dtype == torch.float16
assert type(numconv.channel_shuffle(torch.rand(1, 4, 3), 2)) is torch.Tensor
class Image(torch.Tensor):
    pass
kind = type("Photograph", (Image,), {"__module__": "not_imported"})
for each in (x.as_subclass(Image), x.as_subclass(kind)):
    assert type(numconv.conv2d(each, weight)) is torch.Tensor
    assert type(numconv.separable_conv2d(each, torch.rand(3), torch.rand(3))) is torch.Tensor
    assert type(numconv.plan("conv2d", tuple(x.shape), weight)(each)) is torch.Tensor
"""


class Exported:
    """An array of no library that can import one, which says that it has another shape."""

    def __init__(self, array: Any, *shape: int) -> None:
        self._array, self.dtype = array, array.dtype
        self.shape = shape or array.shape
        self.ndim = len(self.shape)

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


def test_a_class_whose_module_is_not_imported_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exported, "__module__", "not_imported")
    x = Exported(np.ones((1, 2, 4)))
    assert type(numconv.conv1d(x, np.ones((1, 2, 2)), backend="reference")) is np.ndarray
    assert type(numconv.channel_shuffle(x, 2)) is np.ndarray


V = np.ones(3)
PLANES = np.ones((4, 6, 6))
MIX, SPAN = np.ones((2, 4)), np.ones((9, 2))
BLOCK = numconv.involution_block2d
# What is computed with the shape that was exported, or the refusal of that.
LIES: dict[str, tuple[Callable[[], Any], Any]] = {
    "channel_shuffle": (
        lambda: numconv.channel_shuffle(Exported(np.ones((1, 4, 4)), 1, 8, 4), 8),
        r"groups=8: expected a divisor of C=4",
    ),
    "row": (
        lambda: numconv.separable_conv2d(PLANES, V, Exported(V[None], 4, 3)),
        r"row=\(1, 3\)",
    ),
    "separable_x": (
        lambda: numconv.separable_conv2d(Exported(PLANES, 4, 6, 9), V, V, None, 2, "same"),
        numconv.separable_conv2d(PLANES, V, V, None, 2, "same"),
    ),
    "pointwise": (
        lambda: numconv.depthwise_separable_conv2d(
            PLANES, np.ones((4, 1, 3, 3)), Exported(MIX[:, :2], 2, 4)
        ),
        r"pointwise_weight=\(2, 2\)",
    ),
    "lateral": (
        lambda: numconv.flattened_conv2d(PLANES, Exported(MIX, 9, 4), V, V),
        numconv.flattened_conv2d(PLANES, MIX, V, V),
    ),
    "resize": (
        lambda: numconv.resize_conv2d(Exported(PLANES, 4, 6, 600), np.ones((1, 4, 1, 1))),
        numconv.resize_conv2d(PLANES, np.ones((1, 4, 1, 1))),
    ),
    "span_weight": (
        lambda: BLOCK(PLANES, MIX, Exported(SPAN, 900, 2), kernel_size=3),
        BLOCK(PLANES, MIX, SPAN, kernel_size=3),
    ),
    "norm": (
        lambda: BLOCK(PLANES, MIX, SPAN, 3, norm=[Exported(np.ones(2), 200)] * 4),
        BLOCK(PLANES, MIX, SPAN, 3, norm=[np.ones(2)] * 4),
    ),
    "explain": (
        lambda: (
            numconv.explain(
                "conv1d", (1, 2, 8), (3, 2, 3), bias=Exported(np.ones(3, "f4"), 99)
            ).result_shape
        ),
        (1, 3, 6),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_only_the_exported_shape_counts(name: str) -> None:
    """Nothing beyond the memory that was exported is read, whatever the object says of itself."""
    call, expected = LIES[name]
    if isinstance(expected, str):
        with pytest.raises(numconv.ArgumentError, match=expected):
            call()
    else:
        np.testing.assert_array_equal(call(), expected)


def lying_in_between(array: Any, strides: tuple[int, ...]) -> Any:
    room = np.zeros(4096, array.dtype)
    view = np.lib.stride_tricks.as_strided
    return view(room[2048:], array.shape, tuple(array.itemsize * step for step in strides))


# Strides of an array of shape (1, 2, 3, 4), in elements.
APART = {
    "contiguous": (24, 12, 4, 1),
    "turned": (24, 1, 2, 6),
    "backwards": (-24, -12, -4, -1),
    "gaps": (500, 100, 20, 3),
    "diagonal": (0, 3, 6, 19),
    "comb": (1, 12, 2, 3 * 8),
    "between_each_other": (7, 3, 2, 100),
}
TOGETHER = {
    "repeated": (24, 0, 4, 1),
    "windows": (24, 12, 1, 1),
    "one_element": (24, 11, 4, 1),
    "backwards": (24, -12, 4, 4),
    "crossing": (1, 3, 3, 100),
    "far": (1, 8, 100, 4),
}


@pytest.mark.parametrize("name", [*APART, *(f"not_{name}" for name in TOGETHER)])
def test_out_has_one_place_for_each_element(name: str) -> None:
    apart = not name.startswith("not_")
    strides = APART[name] if apart else TOGETHER[name.removeprefix("not_")]
    offsets = np.add.outer(
        *(
            np.add.outer(np.arange(n) * s, np.arange(m) * t)
            for n, s, m, t in (
                (1, strides[0], 2, strides[1]),
                (3, strides[2], 4, strides[3]),
            )
        )
    )
    assert (len(np.unique(offsets)) == 24) is apart
    x, weight = np.arange(48.0).reshape(1, 2, 4, 6), np.ones((2, 2, 2, 3))
    out = lying_in_between(np.empty((1, 2, 3, 4)), strides)
    if apart:
        assert numconv.conv2d(x, weight, backend="reference", out=out) is out
        assert np.array_equal(out, numconv.conv2d(x, weight, backend="reference"))
        return
    with pytest.raises(numconv.ArgumentError, match="overlaps itself"):
        numconv.conv2d(x, weight, backend="reference", out=out)


def test_out_whose_elements_share_some_of_their_bytes() -> None:
    room = np.zeros(64, np.uint8)[:44].view("float32")
    out = np.lib.stride_tricks.as_strided(room, (1, 1, 5), (4, 4, 2))
    with pytest.raises(numconv.ArgumentError, match="overlaps itself"):
        numconv.conv1d(np.ones((1, 1, 5), "f4"), np.ones((1, 1, 1), "f4"), out=out)
    output = np.lib.stride_tricks.as_strided(room, (5,), (2,))
    with pytest.raises(numconv.ArgumentError, match=r"output=.*overlaps itself"):
        numconv.ndimage.correlate1d(np.ones(5, "f4"), [1, 2], output=output)


@pytest.mark.peer
def test_torch_tensors_come_and_go_without_a_copy() -> None:
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    done = subprocess.run(
        [sys.executable, "-c", TORCH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
