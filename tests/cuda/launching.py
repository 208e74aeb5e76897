"""Calls with arrays of PyTorch, CuPy and others, all made up, on the made-up driver.

Run as a script it says of each scene what went wrong, as JSON; nothing, if nothing did.
"""

from __future__ import annotations

import scenes_streams
import scenes_values
from stage import play

if __name__ == "__main__":
    play((*scenes_values.SCENES, *scenes_streams.SCENES))
