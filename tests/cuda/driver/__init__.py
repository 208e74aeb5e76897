"""A CUDA driver made up for tests: NVIDIA's own packages run on it as they would on a machine's.

Memory of its GPUs is that of the processor, "machine code" is PTX, and the interpreter runs it.
What is enqueued on a stream is done as late as can be: when somebody waits for it. So what reads
too early reads what was there before, and what is freed too early is gone. A function that is not
known here answers that it is not supported, and is noted.
"""

from . import devices, kernels, memory
from .state import INVALID_VALUE, Driver

__all__ = ["INVALID_VALUE", "Driver", "devices", "kernels", "memory"]
