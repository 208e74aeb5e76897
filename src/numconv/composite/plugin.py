"""Brings the composite operators through the same hook as a stranger's."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.hookspecs import hookimpl
from ..core.protocol import Operator
from .depthwise_separable import DEPTHWISE_SEPARABLE
from .flattened import FLATTENED
from .involution_block import INVOLUTION_BLOCK
from .normalized import NORMALIZED
from .resize import RESIZE
from .separable import SEPARABLE
from .shuffle import CHANNEL_SHUFFLE


@hookimpl
def numconv_operators() -> Sequence[Operator]:
    return (
        *(SEPARABLE, DEPTHWISE_SEPARABLE, FLATTENED),
        *(RESIZE, NORMALIZED, INVOLUTION_BLOCK, CHANNEL_SHUFFLE),
    )
