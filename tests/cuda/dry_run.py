"""`on_device.py` on the made-up driver, with PyTorch's processor side as a GPU: all but the times.

``python tests/cuda/dry_run.py FOLDER [words for on_device.py]``
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import torch

import gpu_times
import on_device
from driver import Driver
from numconv_cuda import compile as compiling

DRIVER = Driver()


class Tensor(torch.Tensor):
    """One in memory of the made-up GPU."""

    is_cuda = True
    device = torch.device("cuda", 0)  # type: ignore[assignment]


def there(tensor: Any) -> Any:
    """Return a tensor that was made on the processor as one on the GPU."""
    values = tensor.reshape(-1).view(torch.uint8).numpy()
    DRIVER.memory[tensor.data_ptr()] = 0, values
    DRIVER.kept.append(tensor)
    return tensor.as_subclass(Tensor)


def made_there(make: Any) -> Any:
    """Return a function of PyTorch's, that makes tensors, as it is on a GPU."""

    def made(*arguments: Any, device: Any = None, **more: Any) -> Any:
        tensor = make(*arguments, **more)
        return tensor if device is None else there(tensor)

    return made


class Event:
    def __init__(self, enable_timing: bool) -> None:
        self.at = 0.0

    def record(self) -> None:
        self.at = time.perf_counter()

    def synchronize(self) -> None:
        """Do nothing: nobody asks for results, so that kernels of large layers need not run."""

    def elapsed_time(self, end: Event) -> float:
        return 1e3 * (end.at - self.at)


def main() -> int:
    folder, *words = sys.argv[1:]
    DRIVER.load(Path(folder))
    compiling.assemble = lambda text, capability: (text.encode(), "")
    for name in ("ones", "empty", "randn"):
        setattr(torch, name, made_there(getattr(torch, name)))
    torch.cuda.Event = Event  # type: ignore[assignment, misc]
    torch.cuda.synchronize = lambda: None  # type: ignore[assignment]
    torch._C._cuda_getCurrentRawStream = lambda index: 0  # type: ignore[attr-defined]
    # No law asks for the results of these calls, but each is run by the interpreter in the end.
    # Few laws, for the tests hold kernels to all of them; times take as long as they take.
    on_device.OF_LAWS = 0.005
    gpu_times.ROUNDS, gpu_times.TINY_CALLS, gpu_times.LEAST_SECONDS = 1, 2, 1e-4
    status = on_device.main(["--folder", folder, *words])
    assert not DRIVER.unknown, DRIVER.unknown
    assert not DRIVER.faults, DRIVER.faults
    return status


if __name__ == "__main__":
    done = main()
    sys.stdout.flush()
    # What is left is freed no more: the driver is Python, too, and may be gone before it.
    os._exit(done)
