"""Time to import numconv, each sample in a process of its own."""

from __future__ import annotations


class Import:
    """What a script pays before its first call."""

    version = "1"
    number = 1
    repeat = (3, 10, 3.0)
    rounds = 1
    warmup_time = 0

    def timeraw_package(self) -> str:
        return "import numconv"

    def timeraw_function(self) -> str:
        return "from numconv import conv2d"

    def timeraw_backends(self) -> str:
        return "from numconv.core import plugins; plugins.backends()"
