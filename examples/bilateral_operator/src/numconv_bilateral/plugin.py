"""What numconv calls when it looks for plugins: the entry point in `pyproject.toml` names this."""

from __future__ import annotations

from collections.abc import Sequence

from numconv.plugin import Backend, Operator, hookimpl

from .backend import BilateralCpu
from .operator import BILATERAL


@hookimpl
def numconv_operators() -> Sequence[Operator]:
    return (BILATERAL,)


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (BilateralCpu(),)
