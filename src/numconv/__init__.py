"""numconv: convolutions on NumPy arrays, with kernels written in Python.

A public name is imported when it is first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.background import undisturbed

if TYPE_CHECKING:
    from . import filters, ndimage, signal
    from .composite import *
    from .core.errors import (
        ArgumentError,
        ArgumentTypeError,
        BackendError,
        NumconvError,
        PerformanceWarning,
        PluginWarning,
        RefusedError,
    )
    from .core.memory import (
        get_output_pool,
        release_memory,
        set_output_pool,
    )
    from .core.threads import (
        get_num_threads,
        set_num_threads,
    )
    from .functional import *
    from .planning import (
        PreparedPlan,
        explain,
        plan,
    )

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "BackendError",
    "NumconvError",
    "PerformanceWarning",
    "PluginWarning",
    "PreparedPlan",
    "RefusedError",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "depthwise_separable_conv1d",
    "depthwise_separable_conv2d",
    "depthwise_separable_conv3d",
    "explain",
    "filters",
    "flattened_conv2d",
    "get_num_threads",
    "get_output_pool",
    "involution1d",
    "involution2d",
    "involution3d",
    "involution_block1d",
    "involution_block2d",
    "involution_block3d",
    "ndimage",
    "normalized_conv1d",
    "normalized_conv2d",
    "normalized_conv3d",
    "plan",
    "release_memory",
    "resize_conv1d",
    "resize_conv2d",
    "resize_conv3d",
    "separable_conv2d",
    "separable_conv3d",
    "set_num_threads",
    "set_output_pool",
    "shuffled_conv1d",
    "shuffled_conv2d",
    "shuffled_conv3d",
    "signal",
]

_MODULES = ("filters", "ndimage", "signal")
_HOMES = ("functional", "composite", "planning", "core.errors", "core.memory", "core.threads")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return undisturbed(import_module, f".{name}", __name__)
    if name in __all__:
        for home in _HOMES:
            module = undisturbed(import_module, f".{home}", __name__)
            if hasattr(module, name):
                globals()[name] = found = getattr(module, name)
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
