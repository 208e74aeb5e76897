"""What is bound to compiled code, and so to this process."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

Own = TypeVar("Own", bound="OfThisProcess")


class OfThisProcess:
    """Holds addresses of compiled code, of which a copy elsewhere would jump to anywhere.

    Nothing in it changes, so that its copies are itself.
    """

    def __copy__(self: Own) -> Own:
        return self

    def __deepcopy__(self: Own, memo: Any) -> Own:
        return self

    def __reduce__(self) -> NoReturn:
        kind = type(self).__name__
        raise TypeError(f"a {kind} holds addresses of this process: pickle what numconv.plan makes")
