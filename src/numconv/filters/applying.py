"""Filters applied to pictures, signals and volumes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..composite.missing import normalized, totals
from ..core import arrays, dtypes, explanation
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.explanation import Explanation
from ..core.geometry import Pairs, check_padding_mode, padding_pairs, per_axis
from ..core.parameters import flag
from ..core.protocol import Operand
from ..core.signatures import (
    Accuracy,
    Exported,
    Int,
    Ints,
    Number,
    Padding,
    PaddingMode,
    Plain,
    Tensor,
)
from ..core.tracing import tracing
from . import channels
from .channels import Picture
from .layout import Layout, axes_of, lay_out, weights, working_dtype
from .passes import Smoothing, cheaper, split

Array = NDArray[Any]

Nan = Literal["propagate", "ignore"]
NAN: tuple[str, ...] = get_args(Nan)


@dataclass(frozen=True)
class Settings:
    """What `apply` takes besides the arrays, with its defaults."""

    stride: Any = 1
    padding: Any = "same"
    padding_mode: str = "symmetric"
    dilation: Any = 1
    groups: Int | None = None
    nan: str = "propagate"
    dtype: Any = None
    backend: str = "auto"
    algorithm: str = "auto"
    accuracy: str = "standard"
    tune: bool = False
    channel_axis: Any = channels.LEADING


@dataclass(frozen=True, repr=False)
class Explained(Explanation):
    """An explanation that also says in how many passes the kernel is applied, and why."""

    passes: str

    def __str__(self) -> str:
        return f"{self.passes}\n{super().__str__()}"

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data, for machines."""
        return {"passes": self.passes, **super().to_dict()}


@dataclass(frozen=True)
class _Job:
    """All that can be said of a call before its values are known.

    `total` is what each filter sums to, where missing samples are left out.
    """

    channel_axis: int | None
    layout: Layout
    smoothing: Smoothing
    padding: Pairs
    padding_mode: str
    dtype: str
    result_dtype: str
    total: Array | None
    passes: str

    def arranged(self, x: Array) -> Array:
        """Return `x` as (N, C, *spatial), in the dtype to compute in."""
        moved = _moved(x, self.channel_axis, self.layout.axes)
        return moved.astype(self.dtype, copy=False).reshape(self.layout.shape)

    def restored(self, result: Any) -> Array:
        """Return what was computed of such an array with the axes of the caller's."""
        shaped: Array = result.reshape(self.layout.restored(result.shape[2:]))
        if self.channel_axis is None:
            return shaped
        return np.moveaxis(shaped, shaped.ndim - self.layout.axes - 1, self.channel_axis)

    def __call__(self, x: Any, fill_value: Any) -> Any:
        if self.total is None:
            return self.smoothing(x, self.padding, self.padding_mode)
        return normalized(
            x, self.total, self.padding, self.padding_mode, self.smoothing, fill_value
        )


def apply(
    x: Plain | Picture,
    kernel: str | ArrayLike | Exported,
    *,
    stride: Ints = 1,
    padding: Padding = "same",
    padding_mode: PaddingMode = "symmetric",
    dilation: Ints = 1,
    groups: Int | None = None,
    nan: Nan = "propagate",
    fill_value: Number = np.nan,
    dtype: DTypeLike | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
    channel_axis: channels.ChannelAxis = channels.LEADING,
) -> Picture:
    """Apply a filter to pictures, signals or volumes. The kernel is not flipped.

    A kernel of one, two or three axes is laid over as many last axes of `x`, and what the axes
    before them count (channels, pictures of a batch) is filtered one by one. Where it is an
    outer product of vectors it is applied axis by axis if the dispatcher estimates that to be
    faster (`explain` says so): from about 9x9 on the processor.

    Parameters
    ----------
    x : array or PIL.Image.Image
        Such as (H, W), (C, H, W) or (N, C, H, W) for a kernel of two axes; (L,), (C, L) for
        one of one axis; with `channel_axis` (H, W, C) and others. In the processor's memory. A
        picture of Pillow's knows its channels, and each is filtered alone, opacity as well.
    kernel : str, array or list of lists
        A name of `names` or `window_names`: an image kernel, but a window where `x` has one
        axis or only a window has that name. Or weights of one to three axes; or a weight
        (C_out, C/groups, *kernel_shape) of four or five axes, or of three with `groups`, which
        `x` as (C, *spatial) or (N, C, *spatial) is convolved with.
    stride, dilation
        As in `conv2d`.
    padding : default "same"
        As in `conv2d`.
    padding_mode : default "symmetric"
        As in `conv2d`: by default the picture is mirrored at its edges.
    groups : int, optional
        Of a weight; by default as its second axis says.
    nan : {"propagate", "ignore"}
        With ``"ignore"`` samples that are NaN are left out of each weighted sum, which is then
        scaled as `normalized_conv2d` does. No filter may sum to 0 then.
    fill_value : float, default NaN
        With ``nan="ignore"``, the result where all samples are NaN.
    dtype : dtype, optional
        A float or complex dtype to compute in and to return. By default floats stay what they
        are, and **integers come back as the integers they were, rounded to the nearest and
        clipped**: an 8-bit picture gives an 8-bit picture, in which negative results are 0. For
        slopes and edges ask for ``dtype="float32"``. With complex weights results are complex.
    out : array, optional
        Of the result's shape and dtype; written and returned.
    backend, algorithm, accuracy, tune
        As in `conv2d`.
    channel_axis : int or None, default "leading"
        The axis of `x` that holds channels, as scikit-image calls it: -1 for pictures (H, W, C) of
        Pillow, OpenCV, scikit-image and matplotlib. It is where it was in the result. By default
        all axes before those of the kernel are filtered one by one, and pictures that look like
        (H, W, 3) or (H, W, 4) are refused; with None they are taken as they are.

    Returns
    -------
    array of the kind of `x`
        The axes of a kernel have the sizes that `conv2d` gives them, the others those of `x`. A
        picture gives a picture, or an array where Pillow has none of the dtype asked for.

    Raises
    ------
    ArgumentError
        For a kernel, dtype, padding or axis that does not fit `x`, and with ``nan="ignore"`` for
        a filter that sums to 0.
    ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import filters
    >>> step = np.array([[0, 0, 200, 200]] * 3, np.uint8)
    >>> filters.apply(step, "box")[1]
    array([  0,  67, 133, 200], dtype=uint8)
    >>> filters.apply(step, "sobel-x", dtype="float32")[1]
    array([  0., 800., 800.,   0.], dtype=float32)
    >>> filters.apply(np.array([1.0, np.nan, 3.0]), [1, 1, 1], nan="ignore", padding="valid")
    array([6.])
    """
    array, channel_axis, restore = channels.given(x, channel_axis)
    settings = Settings(
        *(stride, padding, padding_mode, dilation, groups, nan, dtype),
        *(backend, algorithm, accuracy, tune, channel_axis),
    )
    job = _prepare(array, kernel, settings)
    result = job.restored(_rounded(job(job.arranged(array), fill_value), job.result_dtype))
    if out is None:
        return cast(Picture, restore(result.astype(job.result_dtype, order="C", copy=False)))
    target = arrays.check_out(out, result.shape, job.result_dtype, (array,))
    np.copyto(target, result, casting="unsafe")
    return cast(Picture, out)


def explain(x: Tensor, kernel: str | ArrayLike | Exported, **parameters: Any) -> Explained:
    """Explain what `apply` would do with these arguments: passes, algorithms, work and memory.

    Parameters
    ----------
    x, kernel, **parameters
        As `apply` takes them, but for `fill_value` and `out`.

    Returns
    -------
    Explained
        ``str()`` of it is for people, ``to_dict()`` for machines; `passes` says whether the
        kernel is applied axis by axis, and why.

    Raises
    ------
    ArgumentError, RefusedError
        As `apply` itself would.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import filters
    >>> filters.explain(np.zeros((480, 640)), "sobel-x").passes
    'one pass: the kernel is too small for two to keep the error bound'
    """
    settings = Settings(**parameters)
    array, channel_axis, _ = channels.given(x, settings.channel_axis)
    job = _prepare(array, kernel, replace(settings, channel_axis=channel_axis))
    with tracing() as traced:
        result = job(Operand(job.layout.shape, job.dtype), np.nan)
    shape = job.restored(np.broadcast_to(np.int8(0), result.shape)).shape
    stages = explanation.explain(traced, shape).stages
    return Explained(stages, shape, job.passes)


def _prepare(x: Array, kernel: Any, settings: Settings) -> _Job:
    if settings.nan not in NAN:
        raise ArgumentError("nan", settings.nan, " or ".join(map(repr, NAN)))
    for word in ("backend", "algorithm", "accuracy"):
        if not isinstance(getattr(settings, word), str):
            raise ArgumentTypeError(word, getattr(settings, word), "a name")
    tune = settings.tune is not False and flag("tune", settings.tune)
    channel_axis = channels.axis_of(settings.channel_axis, x.shape)
    weight = weights(kernel, x.ndim - (channel_axis is not None))
    axes = axes_of(weight, settings.groups)
    channels.check_colours(settings.channel_axis, x.shape, axes)
    layout = lay_out(_moved(x, channel_axis, axes).shape, weight, settings.groups)
    dtype, result_dtype = working_dtype(x, layout.weight, settings.dtype)
    options = [("backend", settings.backend), ("tune", tune)]
    accuracy, total = settings.accuracy, None
    if settings.nan == "ignore":
        # What is seen of the weights is a number to divide by: neither the 11 bits of a float16
        # nor an error relative to the largest weight will do.
        accuracy = "strict"
        dtype = "float32" if dtype == "float16" else dtype
        total = totals(layout.weight, "kernel")
    options += [("algorithm", settings.algorithm), ("accuracy", accuracy)]
    stride = per_axis("stride", settings.stride, layout.axes, 1)
    dilation = per_axis("dilation", settings.dilation, layout.axes, 1)
    spatial, kernel_shape = layout.shape[2:], layout.weight.shape[2:]
    padding = padding_pairs(settings.padding, spatial, kernel_shape, stride, dilation)
    check_padding_mode(settings.padding_mode, padding, spatial)
    rounded = layout.weight.astype(dtype)
    whole = Smoothing(rounded, layout.groups, stride, dilation, tuple(options))
    parts, passes = split(whole, layout.weight[:, 0])
    smoothing = whole
    if parts is not None:
        described, mode = Operand(layout.shape, dtype), settings.padding_mode
        smoothing, passes = cheaper(whole, parts, described, padding, mode)
    return _Job(
        *(channel_axis, layout, smoothing, padding, settings.padding_mode),
        *(dtype, result_dtype, total, passes),
    )


def _moved(x: Array, channel_axis: int | None, axes: int) -> Array:
    """Return `x` with its channels before the axes of a kernel of `axes` axes."""
    if channel_axis is None:
        return x
    if x.ndim <= axes:
        expected = f"at least {axes} axes besides that of the channels, as the kernel has"
        raise ArgumentError("x", x.shape, expected)
    return np.moveaxis(x, channel_axis, x.ndim - axes - 1)


def _rounded(result: Array, dtype: str) -> Array:
    """Return a fresh result with the values that integers of `dtype` can have."""
    if dtype not in dtypes.INTEGERS:
        return result
    limits = np.iinfo(dtype)
    np.rint(result, out=result)
    return np.clip(result, limits.min, limits.max, out=result)
