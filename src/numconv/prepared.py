"""Plans in the caller's hands: called many times, copied, pickled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .core import dispatch
from .core.dispatch import Call
from .core.errors import ArgumentError, ArgumentTypeError, BackendError
from .core.explanation import label
from .core.optional import Preparing, Telling
from .core.overflow import check_sums
from .core.places import HOST, check_place, glances, memory_of
from .core.protocol import Array, Memory, Operand
from .core.signatures import Kind, Plain, Tensor
from .core.threads import num_threads_held

__all__ = ["PreparedPlan"]


class PreparedPlan:
    """A plan with its weight packed, to be called with arrays of the planned shapes.

    Made by `numconv.plan`. Any number of threads may call it at once. Nothing in it changes, so
    that its copies are itself. Pickled, it is the problem, the names of backend and algorithm, and
    the arrays that were bound: where it is read again it is planned anew, by the same algorithm,
    or is an error that names what is missing there.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> slope = numconv.plan("conv1d", (1, 5), np.array([[[-1.0, 1.0]]]))
    >>> slope.problem.result_shape
    (1, 1, 4)
    >>> slope(np.array([[1.0, 2.0, 4.0, 8.0, 16.0]]))
    array([[1., 2., 4., 8.]])
    """

    def __init__(self, call: Call, given: list[Operand], bound: dict[int, Array]) -> None:
        self._call, self._given = call, given
        self._free = [
            (i, each.shape, np.dtype(each.dtype)) for i, each in enumerate(given) if i not in bound
        ]
        # Copies: what the caller does to his arrays afterwards is no business of the plan.
        self._values: list[Any] = [
            bound[i].copy() if i in bound else None for i in range(len(given))
        ]
        self._weight: Any = None  # as it was given, where its prepared form does not tell
        if 1 in bound and isinstance(call.plan, Preparing) and call.products is None:
            weight, self._values[1] = self._values[1], call.plan.prepare(self._values[1])
            if not _tells(self._values[1], weight):
                self._weight = weight
        # Most plans are called with one array; then there is little to put together.
        only = self._free[0] if len(self._free) == 1 and call.batched else None
        quick = only is not None and call.products is None
        self._only = only[1:] if only is not None and quick else None
        self._bound = tuple(self._values[1:])
        # What `Recognising.glance` says of the array of the last call, if that is elsewhere.
        self._recent: Any = None

    def __copy__(self) -> PreparedPlan:
        return self

    def __deepcopy__(self, memo: object) -> PreparedPlan:
        return self

    def __reduce__(self) -> tuple[Callable[..., PreparedPlan], tuple[Any, ...]]:
        call = self._call
        if call.memory is not HOST:
            device = call.memory.device
            raise BackendError(f"a plan in the memory of {device!r} cannot be pickled: plan there")
        bound = {i: array for i, array in enumerate(self._values) if array is not None}
        if 1 in bound:
            weight = bound[1] if self._weight is None else self._weight
            given = np.asarray(weight.given if isinstance(weight, Telling) else weight)
            bound[1] = given.astype(self._given[1].dtype, copy=False)
        names = call.choice.backend.name, call.choice.algorithm.name
        return _read, (call.problem, *names, self._given, bound)

    @property
    def problem(self) -> Any:
        """The problem that is solved."""
        return self._call.problem

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._call.plan.workspace_bytes

    def __str__(self) -> str:
        return f"{label(self.problem)}\n  {self.describe()}"

    def __repr__(self) -> str:
        return str(self)

    def describe(self) -> str:
        """Return backend, algorithm, and how the problem is cut up, in a line."""
        choice = self._call.choice
        return f"{choice.backend.name}/{choice.algorithm.name}: {self._call.plan.describe()}"

    def __call__(self, *operands: Plain | Kind, out: Tensor | None = None) -> Kind:
        """Solve the problem for the operands that were not bound when it was planned.

        Parameters
        ----------
        *operands : array
            Of the planned shapes and dtype, the first of them first.
        out : array, optional
            Of the result's shape and dtype; written and returned.

        Returns
        -------
        array of the first operand's kind, or `out`

        Raises
        ------
        ArgumentError
            If an operand is missing, or its shape or dtype is not the planned one.
        """
        result: Kind
        if self._only is not None and out is None and len(operands) == 1:
            shape, dtype = self._only
            x, call = operands[0], self._call
            if type(x) is np.ndarray:
                host = call.memory is HOST and x.shape == shape and x.dtype is dtype
                if host and x.flags.carray:
                    result = dispatch.run(call, (x, *self._bound))
                    return result
            elif (seen := self._glance(x)) is not None and seen[0] == self._recent:
                result = call.memory.restorer(x)(dispatch.run(call, (seen[1], *self._bound)))
                return result
        if len(operands) != len(self._free):
            raise ArgumentError("operands", len(operands), f"{len(self._free)} arrays")
        values, given = self._values.copy(), []
        for (i, shape, dtype), operand in zip(self._free, operands, strict=True):
            array = self._adapt(f"operands[{i}]", operand)
            same = array.dtype == dtype or array.dtype.name == dtype.name
            if array.shape != shape or not same:
                wrong = f"{array.dtype} array of shape {array.shape}"
                expected = f"the planned {dtype} array of shape {shape}"
                raise ArgumentError(f"operands[{i}]", wrong, expected)
            plain = self._call.memory.plain(array)
            values[i] = plain if self._call.batched else plain.reshape(self._call.shapes[i])
            given.append(array)
        if self._call.products is not None:
            values = check_sums(self._call.problem, self._call.products, values)
        solved = dispatch.run(self._call, values, out, given)
        seen = None if self._only is None else self._glance(operands[0])
        self._recent = None if seen is None else seen[0]
        result = solved if out is not None else self._call.memory.restorer(operands[0])(solved)
        return result

    def _glance(self, operand: Any) -> tuple[Any, Any] | None:
        glance = glances.get(type(operand))
        return None if glance is None else glance(operand)

    def _adapt(self, name: str, operand: Any) -> Any:
        memory = self._call.memory
        if type(operand) is np.ndarray and memory is HOST:
            return operand
        lies = memory_of([(name, operand)])
        if lies != memory:
            expected = f"an array in the memory of {memory.device!r}, as planned"
            raise ArgumentTypeError(name, f"{type(operand).__name__} elsewhere", expected)
        return memory.adapt(name, operand)


def _tells(prepared: Any, weight: Any) -> bool:
    """Return whether the weight can be had from its prepared form."""
    if type(prepared) is not np.ndarray or type(weight) is not np.ndarray:
        return isinstance(prepared, Telling)
    alike = prepared.shape == weight.shape and prepared.dtype == weight.dtype
    return prepared is weight or (alike and np.array_equal(prepared, weight, equal_nan=True))


@num_threads_held
def planned(problem: Any, backend: str, algorithm: str, first: Operand, memory: Memory) -> Call:
    """Choose for a problem and plan it; `first` may lack the batch axis."""
    choice = dispatch.chosen(problem, backend, algorithm, memory.device)
    check_place(memory, choice.backend, "operands[1]")
    return dispatch.prepare(problem, first, choice, memory)


def _read(
    problem: Any, backend: str, algorithm: str, given: list[Operand], bound: dict[int, Array]
) -> PreparedPlan:
    """Return what a pickled plan comes back as."""
    dispatch.be_ready()
    return PreparedPlan(planned(problem, backend, algorithm, given[0], HOST), given, bound)
