"""Lets processes of `.ci/warmed` take kernels that were compiled before, as if they compiled them.

What is not in their own cache is copied to it from the one in NUMCONV_CI_UNDERNEATH, where that has
it: a file there is what the compiler makes of the same code, and spares the time. So what appears
in their own cache is what they would have compiled.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from numconv.core import private
from numconv.core.store import Store

UNDERNEATH = Path(os.environ["NUMCONV_CI_UNDERNEATH"])
_own = Store.found


def _found(self: Store, name: str, most: int = -1) -> Iterator[bytes]:
    there = False
    for content in _own(self, name, most):
        there = True
        yield content
    folder = self.place()
    if there or folder is None or not folder.name.startswith("kernels-"):
        return
    content = private.read(UNDERNEATH / folder.name / name)
    for unsealed in self._unsealed(content):
        self.keep(name, unsealed)
        yield unsealed


Store.found = _found  # type: ignore[method-assign]
