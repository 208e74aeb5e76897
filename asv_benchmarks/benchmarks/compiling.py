"""The first call of a process: how long the kernels take to compile, and to come from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

_CALLS = {
    "direct": "numconv.conv2d(ones(1, 8, 20, 20), ones(8, 8, 3, 3))",
    "involution": "numconv.involution2d(ones(1, 8, 20, 20), ones(1, 2, 3, 3, 18, 18))",
}
_FIRST_CALL = """
import time
import numpy, numconv

def ones(*shape):
    return numpy.ones(shape, numpy.float32)

begin = time.perf_counter()
{call}
print(time.perf_counter() - begin)
"""


class FirstCall:
    """Seconds of the first call, in a process of its own."""

    version = "1"
    unit = "seconds"
    params = (list(_CALLS),)
    param_names = ("algorithm",)

    def setup(self, algorithm: str) -> None:
        import numconv

        if not hasattr(numconv, _CALLS[algorithm].partition("(")[0].removeprefix("numconv.")):
            raise NotImplementedError(f"this commit has no {algorithm}")

    def track_compiling(self, algorithm: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return _first_call(algorithm, folder)

    def track_from_cache(self, algorithm: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            _first_call(algorithm, folder)
            return min(_first_call(algorithm, folder) for _ in range(3))


def _first_call(algorithm: str, folder: str) -> float:
    code = _FIRST_CALL.format(call=_CALLS[algorithm])
    environment = {**os.environ, "NUMCONV_CACHE_DIR": folder}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)
