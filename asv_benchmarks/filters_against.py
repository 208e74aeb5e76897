"""Image filters beside OpenCV's `filter2D` and SciPy's `ndimage.convolve`, on a 1080p picture.

    python asv_benchmarks/filters_against.py --against opencv --side 3 --side 15

Each library has a process of its own and they take turns; ratios above 1 say that numconv is
faster. Channels are planes for numconv and interleaved for the others, as their users have them.
Prints both columns of `numconv bench`: as a user meets it, and without the page faults of fresh
memory. Needs opencv-python-headless and scipy.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import libraries
from numconv.benchmarking.process import COLUMNS

HEIGHT, WIDTH = 1080, 1920
PIXELS = ((0, 0), (0, WIDTH - 1), (HEIGHT - 1, 3), (555, 777))


def numconv_call(x: Any, kernel: Any, border: str) -> Callable[[], Any]:
    import numconv

    planes = np.ascontiguousarray(np.moveaxis(x, -1, 0))[None]
    weight = np.repeat(kernel[None, None], planes.shape[1], axis=0)
    side = len(kernel)
    return lambda: numconv.conv2d(
        planes, weight, padding=side // 2, groups=len(weight), padding_mode=border
    )


def opencv_call(x: Any, kernel: Any, border: str) -> Callable[[], Any]:
    import cv2

    cv2.setNumThreads(int(os.environ["NUMCONV_NUM_THREADS"]))
    kind = {"reflect": cv2.BORDER_REFLECT_101, "zeros": cv2.BORDER_CONSTANT}[border]
    return lambda: cv2.filter2D(x, -1, kernel, borderType=kind)


def scipy_call(x: Any, kernel: Any, border: str) -> Callable[[], Any]:
    from scipy import ndimage

    mode = {"reflect": "mirror", "zeros": "constant"}[border]
    # SciPy flips the kernel.
    flipped = kernel[::-1, ::-1, None].copy()
    return lambda: ndimage.convolve(x, flipped, mode=mode)


CALLS = {"numconv": numconv_call, "opencv": opencv_call, "scipy": scipy_call}


def prepare(library: str, case: dict[str, Any]) -> tuple[Callable[[], Any], list[float]]:
    """Return the filter's call, and some pixels of the last channel of its result."""
    random = np.random.default_rng(1)
    x = random.random((HEIGHT, WIDTH, case["channels"]), np.float32)
    kernel = random.standard_normal((case["side"],) * 2).astype(np.float32)
    call = CALLS[library](x, kernel / np.abs(kernel).sum(), case["border"])
    result = call()
    call()
    planes = result[0] if library == "numconv" else np.moveaxis(np.atleast_3d(result), -1, 0)
    return call, [float(planes[-1][pixel]) for pixel in PIXELS]


def compare(options: argparse.Namespace, column: str) -> None:
    """Measure all filters in one column, and print a line for each."""
    names = ("numconv", *options.against)
    with libraries.processes(__file__, names, column, options.threads) as started:
        for channels in options.channels:
            for side in options.side:
                case = {"channels": channels, "side": side, "border": options.border}
                values = {each: process.prepare(case) for each, process in started.items()}
                times = libraries.alternate(started, options.rounds)
                line = f"{column:7s} {channels} ch {side:2d}x{side:<2d} {options.border:8s}"
                line += f" numconv {1e3 * min(times['numconv']):8.3f} ms"
                for each in options.against:
                    np.testing.assert_allclose(values[each], values["numconv"], atol=1e-5)
                    ratio, of_minima = libraries.ratios(times["numconv"], times[each])
                    line += f" | {each} {1e3 * min(times[each]):9.3f} ms"
                    line += f", ratio {ratio:6.2f}, of minima {of_minima:6.2f}"
                print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", action="append", choices=("opencv", "scipy"))
    parser.add_argument("--side", action="append", type=int)
    parser.add_argument("--channels", action="append", type=int)
    parser.add_argument("--border", choices=("reflect", "zeros"), default="reflect")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--serve", choices=tuple(CALLS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        libraries.serve(partial(prepare, options.serve))
        return
    options.against = options.against or ["opencv", "scipy"]
    options.side = options.side or [3, 5, 7, 9, 11, 13, 15]
    options.channels = options.channels or [1, 3]
    for column in COLUMNS:
        compare(options, column)


if __name__ == "__main__":
    main()
