"""Image filters beside OpenCV's `filter2D` and SciPy's `ndimage.convolve`, on a 1080p picture.

    python asv_benchmarks/filters_against.py --against opencv --side 3 --side 15

Each library has a process of its own and they take turns; ratios above 1 say that numconv is
faster. Channels are planes for numconv and interleaved for the others, as their users have them.
Prints both columns of `numconv bench`: as a user meets it, and without the page faults of fresh
memory. Needs opencv-python-headless and scipy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from numconv.benchmarking.process import COLUMNS

HEIGHT, WIDTH = 1080, 1920
TURN_SECONDS = 0.03
# The threads of one process spin for a while after its turn, and would slow the other's.
PAUSE_SECONDS = 0.003
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


def serve(library: str) -> None:
    """Answer questions on standard input until it ends: set a filter up, or take a turn."""
    call: Callable[[], Any] = lambda: None  # noqa: E731
    for line in sys.stdin:
        question = json.loads(line)
        if "side" in question:
            random = np.random.default_rng(1)
            x = random.random((HEIGHT, WIDTH, question["channels"]), np.float32)
            kernel = random.standard_normal((question["side"],) * 2).astype(np.float32)
            call = CALLS[library](x, kernel / np.abs(kernel).sum(), question["border"])
            result = call()
            call()
            planes = (
                result[0] if library == "numconv" else np.moveaxis(np.atleast_3d(result), -1, 0)
            )
            answer: Any = [float(planes[-1][pixel]) for pixel in PIXELS]
        else:
            answer = []
            while not answer or sum(answer) < TURN_SECONDS:
                begin = time.perf_counter()
                call()
                answer.append(time.perf_counter() - begin)
        print(json.dumps(answer), flush=True)


def start(library: str, column: str, threads: int) -> subprocess.Popen[str]:
    number = dict.fromkeys(("NUMCONV_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
    return subprocess.Popen(
        [sys.executable, __file__, "--serve", library],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **COLUMNS[column], **number},
    )


def ask(process: subprocess.Popen[str], **question: Any) -> list[float]:
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps(question), file=process.stdin, flush=True)
    answer: list[float] = json.loads(process.stdout.readline())
    return answer


def compare(options: argparse.Namespace, column: str) -> None:
    """Measure all filters in one column, and print a line for each."""
    libraries = ("numconv", *options.against)
    processes = {each: start(each, column, options.threads) for each in libraries}
    for channels in options.channels:
        for side in options.side:
            layer = {"channels": channels, "side": side, "border": options.border}
            values = {each: ask(process, **layer) for each, process in processes.items()}
            times: dict[str, list[float]] = {each: [] for each in libraries}
            for _ in range(options.rounds):
                for each, process in processes.items():
                    times[each].append(min(ask(process)))
                    time.sleep(PAUSE_SECONDS)
            ours = times["numconv"]
            line = f"{column:7s} {channels} ch {side:2d}x{side:<2d} {options.border:8s}"
            line += f" numconv {1e3 * min(ours):8.3f} ms"
            for each in options.against:
                np.testing.assert_allclose(values[each], values["numconv"], atol=1e-5)
                ratio = median(b / a for a, b in zip(ours, times[each], strict=True))
                of_minima = min(times[each]) / min(ours)
                line += f" | {each} {1e3 * min(times[each]):9.3f} ms"
                line += f", ratio {ratio:6.2f}, of minima {of_minima:6.2f}"
            print(line, flush=True)
    for process in processes.values():
        process.communicate()


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
        serve(options.serve)
        return
    options.against = options.against or ["opencv", "scipy"]
    options.side = options.side or [3, 5, 7, 9, 11, 13, 15]
    options.channels = options.channels or [1, 3]
    for column in COLUMNS:
        compare(options, column)


if __name__ == "__main__":
    main()
