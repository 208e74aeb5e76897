"""What cannot be done is refused with an exception of the type that SciPy raises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv
from numconv import ndimage

X = np.zeros((2, 3))
C = np.zeros((2, 3), complex)
READ_ONLY = np.zeros((2, 3))
READ_ONLY.flags.writeable = False
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def call(function: str, *arguments: Any, **keywords: Any) -> Call:
    return function, arguments, keywords


CALLS: dict[str, Call] = {
    **{
        f"{function}_of_{dtype}": call(function, np.zeros(4, dtype), *arguments)
        for dtype in ("float16", "longdouble", "clongdouble", "object", "M8[s]")
        for function, arguments in (
            ("correlate", ([1.0, 2, 3],)),
            ("correlate1d", ([1.0, 2, 3],)),
            ("uniform_filter", ()),
            ("gaussian_filter", (1,)),
        )
    },
    **{
        f"output_of_{dtype}": call("correlate1d", X, [1.0, 2], output=np.dtype(dtype))
        for dtype in ("float16", "longdouble", "object", "complex128", "U3")
    },
    "output_of_another_shape": call("sobel", X, output=np.zeros((3, 2))),
    "output_read_only": call("correlate", X, np.ones((1, 1)), output=READ_ONLY),
    "output_not_numeric": call("correlate", X, np.ones((1, 1)), output="bool"),
    "output_not_complex": call("correlate", C, np.ones((1, 1)), output="float64"),
    "output_array_not_complex": call("gaussian_filter", C, 1, output=np.zeros((2, 3))),
    "no_axis_to_filter": call("correlate1d", np.float64(3), [1.0]),
    "no_axis_for_a_slope": call("sobel", np.float64(3)),
    "no_such_axis": call("correlate1d", X, [1.0], axis=2),
    "axis_not_whole": call("uniform_filter1d", X, 3, axis=1.0),
    "axes_twice": call("gaussian_filter", X, 1, axes=(0, -2)),
    "axes_beyond": call("gaussian_filter", X, 1, axes=(0, 2)),
    "axes_not_whole": call("gaussian_filter", X, 1, axes=1.5),
    "axes_of_nothing": call("gaussian_filter", X, 1, axes=object()),
    "weights_of_none": call("correlate1d", X, []),
    "weights_with_a_zero": call("correlate", X, np.ones((3, 0))),
    "weights_of_two_axes": call("correlate1d", X, np.ones((1, 3))),
    "weights_of_another_rank": call("correlate", X, np.ones(3)),
    "weights_for_other_axes": call("correlate", X, np.ones((3, 3)), axes=(1,)),
    "origin_beyond_kernel": call("correlate", X, np.ones((3, 3)), origin=2),
    "origin_beyond_line": call("convolve1d", X, np.ones(3), origin=2),
    "origin_beyond_window": call("uniform_filter1d", X, 3, origin=2),
    "origin_not_whole": call("correlate1d", X, np.ones(3), origin=0.5),
    "origins_too_many": call("correlate", X, np.ones((3, 3)), origin=[0, 1, 2]),
    "mode_unknown": call("correlate1d", X, np.ones(3), mode="foo"),
    "mode_none": call("correlate", X, np.ones((3, 3)), mode=None),
    "modes_for_correlate": call("correlate", X, np.ones((3, 3)), mode=["reflect", "wrap"]),
    "modes_too_few": call("uniform_filter", X, 3, mode=["reflect"]),
    "cval_complex": call("correlate", X, np.ones((1, 1)), cval=1j),
    "cval_complex_for_real_input": call("correlate", X, np.ones((1, 1)) * 1j, cval=1j),
    "cval_text": call("correlate", X, np.ones((1, 1)), cval="a"),
    "sigmas_too_many": call("gaussian_filter", X, [1, 2, 3]),
    "sigma_negative": call("gaussian_filter1d", X, -1),
    "sigma_zero": call("gaussian_filter1d", X, 0),
    "order_negative": call("gaussian_filter", X, 1, order=-1),
    "order_not_whole": call("gaussian_filter1d", X, 1.0, order=1.5),
    "radius_negative": call("gaussian_filter", X, 1, radius=-1),
    "radius_not_whole": call("gaussian_filter", X, 1, radius=1.5),
    "size_zero": call("uniform_filter1d", X, 0),
    "size_not_whole": call("uniform_filter1d", X, 2.5),
    **{
        f"{function}_of_text": call(function, "abc", *arguments)
        for function, arguments in (
            ("gaussian_filter", (1,)),
            ("gaussian_laplace", (1,)),
            ("gaussian_gradient_magnitude", (1,)),
            ("uniform_filter", ()),
            ("laplace", ()),
            ("generic_laplace", (len,)),
            ("generic_gradient_magnitude", (len,)),
        )
    },
    "input_of_bytes": call("correlate1d", [b"a", b"b"], [1.0]),
    "input_of_text_into_numbers": call("uniform_filter", ["a", "b"], output=np.float64),
    "weights_of_text": call("correlate1d", X, ["a"]),
    "weights_of_objects": call("correlate", X, [[object()]]),
    "weights_of_no_axis": call("convolve1d", X, np.array(1)),
    "sigma_none": call("gaussian_filter", X, None),
    "sigma_text": call("gaussian_filter", X, "a"),
    "sigma_ragged": call("gaussian_filter1d", X, [1, [1]]),
    "sigma_none_for_laplace": call("gaussian_laplace", X, None),
    "sigmas_for_one_axis": call("gaussian_filter1d", X, [1, 1]),
    "sigma_endless": call("gaussian_filter", X, np.inf),
    "sigma_nan": call("gaussian_filter1d", X, np.nan),
    "sigmas_for_a_laplace_of_no_axis": call("gaussian_laplace", np.array(1.0), [1]),
    "truncate_none": call("gaussian_filter", X, 1, truncate=None),
    "order_none": call("gaussian_filter", X, 1, order=None),
    "origin_none": call("correlate", X, np.ones((3, 3)), origin=None),
    "size_none": call("uniform_filter", X, None),
    "size_endless": call("uniform_filter", X, np.inf),
    "cval_too_large": call("correlate1d", X, [1.0], cval=10**400),
    "output_object": call("gaussian_gradient_magnitude", X, 1, output=object),
    "output_unknown": call("laplace", X, output="abc"),
    "axis_half": call("convolve1d", X, [1.0], axis=1.5),
    "axes_of_a_sample": call("gaussian_filter", np.array(1.0), 1, axes=0),
    "axes_an_array_of_no_axis": call("laplace", X, axes=np.array(0)),
    "axes_from_the_last": call("correlate", X, np.ones(3), axes=-1),
}


@pytest.mark.parametrize("each", CALLS.values(), ids=CALLS)
def test_names_the_argument(each: Call) -> None:
    function, arguments, keywords = each
    with pytest.raises(numconv.ArgumentError, match=r"^\w+=.*: expected "):
        getattr(ndimage, function)(*arguments, **keywords)


@pytest.mark.peer
@pytest.mark.parametrize("each", CALLS.values(), ids=CALLS)
def test_raises_what_scipy_raises(each: Call) -> None:
    peer = pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")
    function, arguments, keywords = each
    with pytest.raises(Exception) as raised:  # noqa: PT011
        getattr(peer, function)(*arguments, **keywords)
    with pytest.raises(raised.type):
        getattr(ndimage, function)(*arguments, **keywords)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("correlate", ([[1]],)), ("convolve1d", ([1],)), ("uniform_filter", ())],
)
def test_a_real_dtype_for_a_complex_result_is_promoted_with_a_warning(
    function: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.warns(UserWarning, match="promoting specified output dtype to complex") as warned:
        result = getattr(ndimage, function)(C, *arguments, output=np.float32)
    assert result.dtype == np.complex64
    assert warned[0].filename == __file__
