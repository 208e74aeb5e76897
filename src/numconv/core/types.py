"""The types that everything is written with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]


class _Member:
    """What stands for a property in a protocol that is subclassed: instances may set it as well.

    An inherited property could not be set, and would give None where it was forgotten.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self._name = function.__name__

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")


if TYPE_CHECKING:
    member = property
else:
    member = _Member
