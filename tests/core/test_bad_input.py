"""Bad input: one clear error each, that names the argument, the value and what was expected."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import numconv
from numconv import (
    ArgumentError,
    ArgumentTypeError,
    BackendError,
    RefusedError,
    channel_shuffle,
    conv2d,
    conv_transpose2d,
    depthwise_separable_conv2d,
    explain,
    flattened_conv2d,
    involution2d,
    involution_block2d,
    plan,
    resize_conv2d,
    separable_conv2d,
    set_num_threads,
    shuffled_conv2d,
)

NAN = float("nan")


def ones(*shape: int, dtype: Any = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


X, W, WT = ones(1, 4, 6, 6), ones(2, 4, 3, 3), ones(4, 2, 3, 3)
K, V = ones(1, 2, 3, 3, 4, 4), ones(3)
RESULT = (1, 2, 4, 4)


class Exporter:
    """Offers DLPack from a device, or fails to."""

    def __init__(self, device: int, error: Exception | None = None) -> None:
        self.device, self.error = device, error

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0

    def __dlpack__(self, **_: Any) -> Any:
        raise self.error or AssertionError("a device that is not the processor was asked")


class NoDevice:
    def __dlpack__(self, **_: Any) -> Any:
        raise AssertionError("asked for data without a device")


def self_overlapping() -> np.ndarray:
    return np.lib.stride_tricks.as_strided(ones(16), RESULT, (0, 0, 16, 4))


def read_only() -> np.ndarray:
    out = ones(*RESULT)
    out.flags.writeable = False
    return out


def inside(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the first elements of `array`'s own memory in another shape."""
    return array.reshape(-1)[: int(np.prod(shape))].reshape(shape)


def plain(function: Callable[..., Any], *arrays: Any, **parameters: Any) -> Callable[[], Any]:
    return partial(function, *arrays, **parameters)


BIG = ones(1, 2, 6, 6)
SQUARE = ones(2, 2, 1, 1)
STRIDE = "an integer of at least 1"
PADDING = "a non-negative integer, one per axis"
DTYPE = "dtype float16, float32"
ARRAY = "an array in CPU memory"
BLOCK = (X, ones(2, 4), ones(9, 2), 3)
NORM = [ones(2)] * 4

BAD: dict[str, tuple[Callable[[], Any], type[Exception], str, str, str]] = {
    # name: (call, error, argument, value, expected)
    "x_rank_2": (plain(conv2d, X[0, 0], W), ArgumentError, "x", "(6, 6)", "(N, C, H, W)"),
    "x_rank_5": (plain(conv2d, X[None], W), ArgumentError, "x", "(1, 1, 4, 6, 6)", "(C, H, W)"),
    "weight_rank": (plain(conv2d, X, W[0]), ArgumentError, "weight", "(4, 3, 3)", "4 axes"),
    "bias_rank": (plain(conv2d, X, W, ones(2, 1)), ArgumentError, "bias", "(2, 1)", "shape (2,)"),
    "bias_length": (plain(conv2d, X, W, ones(3)), ArgumentError, "bias", "(3,)", "shape (2,)"),
    "kernels_rank": (plain(involution2d, X, K[0]), ArgumentError, "kernels", "(2, 3, 3", "6 axes"),
    "channels": (plain(conv2d, X, W[:, :3]), ArgumentError, "weight", "(2, 3, 3, 3)", "(C_out, 4"),
    "transposed_channels": (
        plain(conv_transpose2d, X, WT[:3]),
        ArgumentError,
        "weight",
        "(3, 2, 3, 3)",
        "(4, C_out",
    ),
    "groups_do_not_divide": (
        plain(conv2d, X, ones(3, 2, 3, 3), groups=2),
        ArgumentError,
        "groups",
        "2",
        "C_out=3",
    ),
    "groups_0": (plain(conv2d, X, W, groups=0), ArgumentError, "groups", "0", STRIDE),
    "groups_negative": (plain(conv2d, X, W, groups=-1), ArgumentError, "groups", "-1", STRIDE),
    "groups_float": (plain(conv2d, X, W, groups=1.0), ArgumentTypeError, "groups", "1.0", STRIDE),
    "groups_bool": (plain(conv2d, X, W, groups=True), ArgumentTypeError, "groups", "True", STRIDE),
    "shuffle_0": (plain(channel_shuffle, X, 0), ArgumentError, "groups", "0", STRIDE),
    "shuffle_3_of_4": (plain(channel_shuffle, X, 3), ArgumentError, "groups", "3", "C=4"),
    "shuffle_list": (plain(channel_shuffle, [1], 1), ArgumentTypeError, "x", "'list'", ARRAY),
    "shuffled_groups": (
        plain(shuffled_conv2d, X, W, groups=2),
        ArgumentError,
        "weight",
        "(2, 4, 3, 3)",
        "(C_out, 2",
    ),
    "stride_0": (plain(conv2d, X, W, stride=0), ArgumentError, "stride", "0", STRIDE),
    "stride_negative": (plain(conv2d, X, W, stride=-2), ArgumentError, "stride", "-2", STRIDE),
    "stride_float": (plain(conv2d, X, W, stride=2.0), ArgumentTypeError, "stride", "2.0", STRIDE),
    "stride_nan": (plain(conv2d, X, W, stride=NAN), ArgumentTypeError, "stride", "nan", STRIDE),
    "stride_bool": (plain(conv2d, X, W, stride=True), ArgumentTypeError, "stride", "True", STRIDE),
    "stride_none": (plain(conv2d, X, W, stride=None), ArgumentTypeError, "stride", "None", STRIDE),
    "stride_set": (plain(conv2d, X, W, stride={1}), ArgumentTypeError, "stride", "{1}", STRIDE),
    "stride_array_0d": (
        plain(conv2d, X, W, stride=np.array(2.0)),
        ArgumentTypeError,
        "stride",
        "2.0",
        STRIDE,
    ),
    "stride_word": (plain(conv2d, X, W, stride="2"), ArgumentError, "stride", "'2'", "2 integers"),
    "stride_length": (
        plain(conv2d, X, W, stride=(1, 1, 1)),
        ArgumentError,
        "stride",
        "(1, 1, 1)",
        "2 integers",
    ),
    "stride_list_length": (
        plain(conv2d, X, W, stride=[1, 1, 1]),
        ArgumentError,
        "stride",
        "(1, 1, 1)",
        "2 integers",
    ),
    "dilation_0": (plain(conv2d, X, W, dilation=0), ArgumentError, "dilation", "0", STRIDE),
    "padding_negative": (plain(conv2d, X, W, padding=-1), ArgumentError, "padding", "-1", PADDING),
    "padding_enormous": (
        plain(conv2d, X, W, padding=10**20),
        ArgumentError,
        "padding",
        str(10**20),
        "an integer of at most 1099511627776",
    ),
    "result_enormous": (
        plain(conv2d, X, W, padding=10**9),
        ArgumentError,
        "x",
        str(X.shape),
        "a result of at most 1099511627776 values",
    ),
    "padding_float": (
        plain(conv2d, X, W, padding=1.5),
        ArgumentTypeError,
        "padding",
        "1.5",
        PADDING,
    ),
    "padding_nan": (plain(conv2d, X, W, padding=NAN), ArgumentTypeError, "padding", "nan", PADDING),
    "padding_word": (
        plain(conv2d, X, W, padding="some"),
        ArgumentError,
        "padding",
        "some",
        "'full'",
    ),
    "padding_length": (
        plain(conv2d, X, W, padding=(1, 2, 3)),
        ArgumentError,
        "padding",
        "(1, 2, 3)",
        "2 axes",
    ),
    "padding_pair_length": (
        plain(conv2d, X, W, padding=((1, 2, 3), (1, 2))),
        ArgumentError,
        "padding",
        "1, 2, 3",
        "pair",
    ),
    "padding_pair_negative": (
        plain(conv2d, X, W, padding=((0, -1), (0, 0))),
        ArgumentError,
        "padding",
        "(0, -1)",
        PADDING,
    ),
    "padding_mode": (
        plain(conv2d, X, W, padding_mode="mirror"),
        ArgumentError,
        "padding_mode",
        "mirror",
        "'reflect'",
    ),
    "reflect_too_wide": (
        plain(conv2d, X, W, padding=6, padding_mode="reflect"),
        ArgumentError,
        "padding",
        "((6, 6), (6, 6))",
        "at most 5 on axis 0 of size 6",
    ),
    "symmetric_too_wide": (
        plain(conv2d, X, W, padding=7, padding_mode="symmetric"),
        ArgumentError,
        "padding",
        "((7, 7), (7, 7))",
        "at most 6",
    ),
    "circular_too_wide": (
        plain(conv2d, X, W, padding=7, padding_mode="circular"),
        ArgumentError,
        "padding",
        "((7, 7), (7, 7))",
        "at most 6",
    ),
    "kernel_too_large": (
        plain(conv2d, X, ones(2, 4, 7, 7)),
        ArgumentError,
        "x",
        "(6, 6)",
        "covers (7, 7) samples",
    ),
    "dilated_kernel_too_large": (
        plain(conv2d, X, W, dilation=3),
        ArgumentError,
        "x",
        "(6, 6)",
        "covers (7, 7) samples",
    ),
    "empty_kernel": (plain(conv2d, X, W[..., :0]), ArgumentError, "weight", "0)", "without zeros"),
    "activation": (
        plain(conv2d, X, W, activation="swoosh"),
        ArgumentError,
        "activation",
        "swoosh",
        "'relu'",
    ),
    "activation_list": (
        plain(conv2d, X, W, activation=[]),
        ArgumentError,
        "activation",
        "()",
        "one of None",
    ),
    "complex_relu": (
        plain(conv2d, X.astype("complex64"), W.astype("complex64"), activation="relu"),
        ArgumentError,
        "activation",
        "'relu'",
        "None for complex64",
    ),
    "integer_silu": (
        plain(conv2d, X.astype("int32"), W.astype("int32"), activation="silu"),
        ArgumentError,
        "activation",
        "'silu'",
        "'relu6' for int32",
    ),
    "accuracy": (
        plain(conv2d, X, W, accuracy="exact"),
        ArgumentError,
        "accuracy",
        "exact",
        "'strict'",
    ),
    "backend": (plain(conv2d, X, W, backend="gpu"), ArgumentError, "backend", "'gpu'", "reference"),
    "backend_list": (plain(conv2d, X, W, backend=[]), ArgumentTypeError, "backend", "[]", "a name"),
    "algorithm": (
        plain(conv2d, X, W, algorithm="magic"),
        ArgumentError,
        "algorithm",
        "magic",
        "loops",
    ),
    "tune_list": (plain(conv2d, X, W, tune=[]), ArgumentTypeError, "tune", "[]", "True or False"),
    "tune_word": (plain(conv2d, X, W, tune="no"), ArgumentTypeError, "tune", "'no'", "True or"),
    "tune_number": (plain(conv2d, X, W, tune=1), ArgumentTypeError, "tune", "1", "True or False"),
    "algorithm_list": (
        plain(conv2d, X, W, algorithm=["loops"]),
        ArgumentTypeError,
        "algorithm",
        "loops",
        "a name",
    ),
    "weight_dtype": (
        plain(conv2d, X, W.astype("float64")),
        ArgumentTypeError,
        "weight",
        "float64",
        "as x has",
    ),
    "bias_dtype": (
        plain(conv2d, X, W, ones(2, dtype="float64")),
        ArgumentTypeError,
        "bias",
        "float64",
        "float32",
    ),
    "residual_dtype": (
        plain(conv2d, X, W, residual=ones(*RESULT, dtype="float16")),
        ArgumentTypeError,
        "residual",
        "float16",
        "dtype float32",
    ),
    "residual_shape": (
        plain(conv2d, X, W, residual=X),
        ArgumentError,
        "residual",
        "(1, 4, 6, 6)",
        "(1, 2, 4, 4)",
    ),
    "residual_list": (
        plain(conv2d, X, W, residual=[1]),
        ArgumentTypeError,
        "residual",
        "list",
        ARRAY,
    ),
    "bool": (plain(conv2d, X.astype(bool), W), ArgumentTypeError, "x", "bool", DTYPE),
    "object": (plain(conv2d, X.astype(object), W), ArgumentTypeError, "x", "'O'", DTYPE),
    "str": (plain(conv2d, X, W.astype(str)), ArgumentTypeError, "weight", "<U", DTYPE),
    "datetime": (
        plain(conv2d, np.zeros((1, 4, 6, 6), "M8[s]"), W),
        ArgumentTypeError,
        "x",
        "M8[s]",
        DTYPE,
    ),
    "structured": (
        plain(conv2d, np.zeros((1, 4, 6, 6), "f4,f4"), W),
        ArgumentTypeError,
        "x",
        "f0",
        DTYPE,
    ),
    "x_list": (plain(conv2d, [[1.0]], W), ArgumentTypeError, "x", "'list'", ARRAY),
    "weight_list": (plain(conv2d, X, [[1.0]]), ArgumentTypeError, "weight", "'list'", ARRAY),
    "x_none": (plain(conv2d, None, W), ArgumentTypeError, "x", "NoneType", ARRAY),
    "weight_none": (plain(conv2d, X, None), ArgumentTypeError, "weight", "NoneType", ARRAY),
    "kernels_none": (plain(involution2d, X, None), ArgumentTypeError, "kernels", "NoneType", ARRAY),
    "x_number": (plain(conv2d, 1.0, W), ArgumentTypeError, "x", "'float'", ARRAY),
    "x_scalar": (plain(conv2d, np.float32(1), W), ArgumentError, "x", "()", "(N, C, H, W)"),
    "x_0d": (plain(conv2d, np.array(1, "f4"), W), ArgumentError, "x", "()", "(N, C, H, W)"),
    "masked": (
        plain(conv2d, np.ma.masked_less(X, 2), W),
        ArgumentTypeError,
        "x",
        "MaskedArray",
        "without a mask",
    ),
    "on_a_gpu": (
        plain(conv2d, Exporter(2), W),
        ArgumentTypeError,
        "weight",
        "ndarray",
        "in the memory of 'cuda', where x lies",
    ),
    "weight_on_a_gpu": (
        plain(conv2d, X, Exporter(2)),
        ArgumentTypeError,
        "weight",
        "Exporter",
        "in the memory of 'cpu', where x lies",
    ),
    "dlpack_fails": (
        plain(conv2d, Exporter(1, OSError("device lost")), W),
        ArgumentTypeError,
        "x",
        "'Exporter'",
        "(device lost)",
    ),
    "dlpack_without_device": (
        plain(conv2d, NoDevice(), W),
        ArgumentTypeError,
        "x",
        "'NoDevice'",
        "__dlpack_device__",
    ),
    "out_shape": (
        plain(conv2d, X, W, out=ones(1, 2, 4, 5)),
        ArgumentError,
        "out",
        "(1, 2, 4, 5)",
        "(1, 2, 4, 4)",
    ),
    "out_dtype": (
        plain(conv2d, X, W, out=ones(*RESULT, dtype="float64")),
        ArgumentError,
        "out",
        "float64 array",
        "native float32 array",
    ),
    "out_byte_order": (
        plain(conv2d, X, W, out=ones(*RESULT, dtype=np.dtype("f4").newbyteorder())),
        ArgumentError,
        "out",
        "array of shape",
        "native float32 array",
    ),
    "out_read_only": (
        plain(conv2d, X, W, out=read_only()),
        ArgumentError,
        "out",
        "read-only",
        "writeable",
    ),
    "out_overlaps_itself": (
        plain(conv2d, X, W, out=self_overlapping()),
        ArgumentError,
        "out",
        "itself",
        "one place",
    ),
    "out_overlaps_x": (
        plain(conv2d, X, W, out=inside(X, RESULT)),
        ArgumentError,
        "out",
        "an operand",
        "not read",
    ),
    "out_overlaps_weight": (
        plain(conv2d, X, W, out=inside(W, RESULT)),
        ArgumentError,
        "out",
        "an operand",
        "not read",
    ),
    "out_is_residual": (
        plain(conv2d, BIG, SQUARE, residual=(added := ones(1, 2, 6, 6)), out=added),
        ArgumentError,
        "out",
        "an operand",
        "not read",
    ),
    "out_list": (plain(conv2d, X, W, out=[0.0]), ArgumentTypeError, "out", "'list'", ARRAY),
    "output_padding": (
        plain(conv_transpose2d, X, WT, stride=2, output_padding=2),
        ArgumentError,
        "output_padding",
        "2",
        "less than stride or dilation",
    ),
    "output_size": (
        plain(conv_transpose2d, X, WT, stride=2, output_size=99),
        ArgumentError,
        "output_size",
        "99",
        "from (13, 13) to (14, 14)",
    ),
    "transposed_to_nothing": (
        plain(conv_transpose2d, X[..., :1, :1], WT, padding=2),
        ArgumentError,
        "padding",
        "2",
        "without empty axes",
    ),
    "kernels_out_shape": (
        plain(involution2d, X, K[..., :3]),
        ArgumentError,
        "kernels",
        "(1, 2, 3, 3, 4, 3)",
        "shape (1, 2, 3, 3, 4, 4)",
    ),
    "kernels_groups": (
        plain(involution2d, X, ones(1, 3, 3, 3, 4, 4)),
        ArgumentError,
        "kernels",
        "(1, 3",
        "C=4",
    ),
    "separable_row_rank": (
        plain(separable_conv2d, X, V, ones(1, 3, 3)),
        ArgumentError,
        "row",
        "(1, 3, 3)",
        "(taps,)",
    ),
    "separable_row_channels": (
        plain(separable_conv2d, X, V, ones(3, 3)),
        ArgumentError,
        "row",
        "(3, 3)",
        "(4, 3)",
    ),
    "separable_list": (
        plain(separable_conv2d, X, [1, 2, 1], V),
        ArgumentTypeError,
        "column",
        "'list'",
        ARRAY,
    ),
    "flattened_lateral": (
        plain(flattened_conv2d, X, ones(2, 3), V, V),
        ArgumentError,
        "lateral",
        "(2, 3)",
        "(F, 4)",
    ),
    "pointwise_weight": (
        plain(depthwise_separable_conv2d, X, ones(4, 1, 3, 3), ones(2, 4, 3, 3)),
        ArgumentError,
        "pointwise_weight",
        "(2, 4, 3, 3)",
        "(C_out, C * multiplier)",
    ),
    "block_span_rows": (
        plain(involution_block2d, X, ones(2, 4), ones(10, 2), 3),
        ArgumentError,
        "span_weight",
        "(10, 2",
        "a multiple of 9 rows",
    ),
    "block_reduce_columns": (
        plain(involution_block2d, X, ones(2, 5), ones(9, 2), 3),
        ArgumentError,
        "reduce_weight",
        "(2, 5)",
        "(rows, 4)",
    ),
    "block_kernel_size": (
        plain(involution_block2d, *BLOCK[:3], 3.0),
        ArgumentTypeError,
        "kernel_size",
        "3.0",
        STRIDE,
    ),
    "block_norm_of_three": (
        plain(involution_block2d, *BLOCK, norm=NORM[:3]),
        ArgumentError,
        "norm",
        "",
        "4 arrays",
    ),
    "block_norm_number": (
        plain(involution_block2d, *BLOCK, norm=5),
        ArgumentError,
        "norm",
        "5",
        "4 arrays",
    ),
    "block_norm_shape": (
        plain(involution_block2d, *BLOCK, norm=[ones(3)] * 4),
        ArgumentError,
        "norm",
        "(3,)",
        "(2,)",
    ),
    "block_eps": (
        plain(involution_block2d, *BLOCK, norm=NORM, eps="small"),
        ArgumentTypeError,
        "eps",
        "small",
        "a number",
    ),
    "block_bias_and_norm": (
        plain(involution_block2d, *BLOCK, norm=NORM, reduce_bias=ones(3)),
        ArgumentError,
        "reduce_bias",
        "(3,)",
        "shape (2,)",
    ),
    "resize_scale_0": (plain(resize_conv2d, X, W, scale=0), ArgumentError, "scale", "0", STRIDE),
    "resize_scale_half": (
        plain(resize_conv2d, X, W, scale=0.5),
        ArgumentTypeError,
        "scale",
        "0.5",
        STRIDE,
    ),
    "interpolation": (
        plain(resize_conv2d, X, W, interpolation="cubic"),
        ArgumentError,
        "interpolation",
        "cubic",
        "'nearest' or 'linear'",
    ),
    "plan_function": (
        plain(plan, "conv9d", (1, 4, 6, 6), W),
        ArgumentError,
        "function",
        "conv9d",
        "conv2d",
    ),
    "plan_function_list": (
        plain(plan, [], (1, 4, 6, 6), W),
        ArgumentTypeError,
        "function",
        "[]",
        "the name",
    ),
    "plan_nothing": (plain(plan, "conv2d"), ArgumentError, "operands", "()", "a shape first"),
    "plan_number": (
        plain(plan, "conv2d", 5, W),
        ArgumentTypeError,
        "operands[0]",
        "5",
        "a shape as a tuple",
    ),
    "plan_word": (
        plain(plan, "conv2d", "abc", W),
        ArgumentTypeError,
        "operands[0]",
        "abc",
        "a tuple of int",
    ),
    "plan_negative_size": (
        plain(plan, "conv2d", (1, 4, -6, 6), W),
        ArgumentError,
        "operands[0]",
        "-6",
        "at least 0",
    ),
    "plan_dtype": (
        plain(plan, "conv2d", (1, 4, 6, 6), (2, 4, 3, 3), dtype="float31"),
        ArgumentError,
        "dtype",
        "float31",
        "float32",
    ),
    "plan_out": (
        plain(plan, "conv2d", (1, 4, 6, 6), W, out=X),
        ArgumentError,
        "out",
        "array",
        "each call",
    ),
    "plan_of_two_problems": (
        plain(plan, "separable_conv2d", (1, 4, 6, 6), V, V),
        ArgumentError,
        "function",
        "separable_conv2d",
        "one problem, not 2",
    ),
    "plan_of_no_problem": (
        plain(plan, "channel_shuffle", (1, 4, 6, 6), groups=2),
        ArgumentError,
        "function",
        "channel_shuffle",
        "one problem, not 0",
    ),
    "explain_function": (
        plain(explain, "convolve", (1, 4, 6, 6)),
        ArgumentError,
        "function",
        "convolve",
        "conv2d",
    ),
    "explain_size": (
        plain(explain, "conv2d", (1, 4, 6.5, 6), (2, 4, 3, 3)),
        ArgumentTypeError,
        "operands[0]",
        "6.5",
        "a tuple of int",
    ),
    "threads_0": (plain(set_num_threads, 0), ArgumentError, "n", "0", STRIDE),
    "threads_negative": (plain(set_num_threads, -1), ArgumentError, "n", "-1", STRIDE),
    "threads_float": (plain(set_num_threads, 1.5), ArgumentTypeError, "n", "1.5", STRIDE),
    "threads_word": (plain(set_num_threads, "2"), ArgumentTypeError, "n", "'2'", STRIDE),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_one_clear_error_each_time(name: str) -> None:
    call, error, argument, value, expected = BAD[name]
    for _ in range(2):  # what failed must not have been remembered as a call that can be made
        with pytest.raises(error) as raised:
            call()
        assert type(raised.value) is error
        message = str(raised.value)
        given, _, wanted = message.partition(": expected ")
        assert given.startswith(f"{argument}="), message
        assert value in given, message
        assert expected in wanted, message


@pytest.mark.skipif(
    np.dtype("longdouble").itemsize == 8, reason="longdouble is float64 on this system"
)
def test_long_doubles_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match=r"^x=dtype\('float"):
        conv2d(X.astype("longdouble"), W)


@pytest.mark.parametrize("bad", [1.0, True, np.float64(1), np.True_], ids=repr)
@pytest.mark.parametrize("argument", ["stride", "dilation", "groups"])
def test_what_equals_a_good_number_is_not_taken_for_it(argument: str, bad: Any) -> None:
    conv2d(X, W, **{argument: 1})
    with pytest.raises(ArgumentTypeError, match=f"^{argument}="):
        conv2d(X, W, **{argument: bad})


@pytest.mark.parametrize("bad", [(1.0, 1), (True, 1), [1, 1.0], (1, np.float32(1))], ids=repr)
@pytest.mark.parametrize("argument", ["stride", "dilation", "padding"])
def test_nor_inside_a_tuple(argument: str, bad: Any) -> None:
    conv2d(X, W, **{argument: (1, 1)}) if argument != "dilation" else conv2d(X, W)
    conv2d(X, W, **{argument: (1, 1)})
    with pytest.raises(ArgumentTypeError, match=f"^{argument}="):
        conv2d(X, W, **{argument: bad})


def test_nor_inside_pairs_of_padding() -> None:
    conv2d(X, W, padding=((1, 0), (0, 1)))
    with pytest.raises(ArgumentTypeError, match=r"^padding=\(\(1.0, 0\), \(0, True\)\)"):
        conv2d(X, W, padding=((1.0, 0), (0, True)))


@pytest.mark.parametrize(
    "parameters",
    [
        {"stride": 0},
        {"padding": "some"},
        {"activation": "swoosh"},
        {"algorithm": "magic"},
        {"backend": "cuda"},
        {"bias": ones(3)},
        {"residual": X},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_a_failing_call_leaves_out_as_it_was(parameters: dict[str, Any]) -> None:
    out = np.full(RESULT, 7, "float32")
    with pytest.raises(numconv.NumconvError):
        conv2d(X, W, out=out, **parameters)
    assert (out == 7).all()


def test_out_of_a_composite_is_left_as_it_was() -> None:
    out = np.full((1, 4, 4, 4), 7, "float32")
    with pytest.raises(ArgumentError, match=r"^row="):
        separable_conv2d(X, V, ones(3, 3), out=out)
    assert (out == 7).all()


@pytest.mark.parametrize(
    ("x", "weight"),
    [
        pytest.param(2**40, 2**40, id="products"),
        pytest.param(-(2**63), 1, id="least_value"),
    ],
)
def test_integer_sums_that_may_not_fit_are_refused(x: int, weight: int) -> None:
    out = np.full((1, 1, 1, 1), 7)
    given = np.full((1, 1, 3, 3), x), np.full((1, 1, 3, 3), weight)
    with pytest.raises(RefusedError, match=r"9 products of int64 values .* may not fit an int64"):
        conv2d(*given, out=out)
    assert out == 7


def test_a_bias_can_be_what_does_not_fit() -> None:
    one = ones(1, 1, 1, 1, dtype="int64")
    with pytest.raises(RefusedError, match="may not fit an int64"):
        conv2d(one, one, np.array([2**63 - 1]))


def test_an_unavailable_backend_says_why_and_what_to_do() -> None:
    with pytest.raises(BackendError, match=r"^backend 'cuda' is unavailable: .*backend='cpu'"):
        conv2d(X, W, backend="cuda")


def test_an_algorithm_asked_for_by_name_refuses_with_its_reason() -> None:
    with pytest.raises(RefusedError, match=r"algorithm='pointwise': cpu/pointwise: \w+"):
        conv2d(X, W, backend="cpu", algorithm="pointwise")


def test_a_plan_checks_what_it_is_called_with() -> None:
    planned = plan("conv2d", (1, 4, 6, 6), W)
    for operands, message in (
        ((), "operands=0: expected 1 arrays"),
        ((X, X), "operands=2: expected 1 arrays"),
        ((X[..., :5],), r"operands\[0\]='float32 array of shape \(1, 4, 6, 5\)'"),
        ((X.astype("float64"),), r"operands\[0\]='float64 array .* the planned float32 array"),
        (([1.0],), "='list': expected an array in CPU memory"),
    ):
        with pytest.raises(ArgumentError, match=message):
            planned(*operands)
    with pytest.raises(ArgumentError, match=r"^out='float32 array"):
        planned(X, out=X)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two"])
def test_a_bad_number_of_threads_in_the_environment_is_named(text: str) -> None:
    code = (
        "import numconv\ntry:\n    numconv.get_num_threads()\n"
        "except numconv.ArgumentError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMCONV_NUM_THREADS": text},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("NUMCONV_NUM_THREADS=")
    assert done.stdout.endswith(": expected an integer of at least 1\n")
    assert text in done.stdout


class TestTorch:
    def test_a_tensor_that_requires_grad(self) -> None:
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        x = torch.ones(1, 4, 6, 6, requires_grad=True)
        with pytest.raises(ArgumentError, match=r"^x='a tensor that requires gradients.*detach"):
            conv2d(x, torch.ones(2, 4, 3, 3))

    def test_a_tensor_without_memory(self) -> None:
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        with pytest.raises(ArgumentTypeError, match=r"^weight=.Tensor on the device 'meta'"):
            conv2d(X, torch.ones(2, 4, 3, 3, device="meta"))
