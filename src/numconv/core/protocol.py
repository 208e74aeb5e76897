"""The contract between the core, its operators and its backends: what each must have.

A third party implements `Backend`, `Algorithm` and `Plan`, or `Operator`. The classes may be
subclassed for their defaults or matched by shape alone. What each may have besides is in
`optional`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from .problems import Epilogue
from .types import Array as Array
from .types import Shape as Shape
from .types import member

PROTOCOL = 1
"""The version of what stands here. CONTRIBUTING says when it grows."""

SINCE: dict[str, int] = {}
"""By feature of a problem (`Problem.features`) the protocol that brought it, if not the first.

A backend that was written for an earlier one is not asked about such a problem: its refusal is
written for it. So nothing that is added later widens what an old plugin claims.
"""


class Problem(Protocol):
    """One computation, completely described: frozen, hashable, validated when built.

    The arrays of a problem are contiguous, batched and of `operand_shapes`, all of `dtype`; after
    them come the bias (one value per result channel) and the residual (of `result_shape`) where
    the epilogue has them. What it may say of itself besides, and which laws it gets by that, is in
    `numconv.core.optional`.
    """

    @member
    def dtype(self) -> str: ...
    @member
    def result_dtype(self) -> str: ...
    @member
    def result_shape(self) -> Shape: ...
    @member
    def operand_shapes(self) -> tuple[Shape, ...]: ...
    @member
    def epilogue(self) -> Epilogue: ...
    @member
    def terms(self) -> int: ...
    @member
    def macs(self) -> int: ...
    @member
    def min_bytes(self) -> int: ...
    def __hash__(self) -> int: ...


class Plan(Protocol):
    """An algorithm bound to one problem.

    Plans are shared among threads: any number of them call one at once, with arrays of their own.
    So a call keeps nothing in the plan, and its scratch is its own.
    """

    @member
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result, at most.

        That is while it computes, whoever allocates it. An algorithm that hands values it is not
        fit for over to another one then takes what that one says as well. What a plan itself
        keeps, such as tables, is not counted here; it is held to no more than the operands, the
        result and this together. A number that is too large is not found out, but shown to users.
        """
        ...

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Solve the problem for `arrays` and write every element of `out`."""
        ...

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        ...


class Algorithm(Protocol):
    """One way in which a backend solves a kind of problem."""

    name: str

    def refusal(self, problem: Any) -> str | None:
        """Return why this algorithm does not solve `problem`, or None if it does."""
        ...

    def cost(self, problem: Any) -> float:
        """Return the estimated time of a call, in seconds.

        A cost must depend on neither the batch nor the threads, or only as those of all the
        backend's algorithms do: which of them costs least must not. Otherwise one image would be
        solved by another algorithm than many, and a result's bits would change.
        """
        ...

    def plan(self, problem: Any) -> Plan: ...


@dataclass(frozen=True)
class Status:
    """Whether a backend can be used here; if not, why, and what to do."""

    state: Literal["ready", "simulated", "unavailable"]
    reason: str = ""
    remedy: str = ""


class Backend(Protocol):
    """A place where problems are solved.

    Of the ready ones on a device, ``backend="auto"`` takes that of the highest `priority` with a
    fast algorithm for the problem; of several with this priority, the one whose algorithm has the
    least estimated cost. ``algorithm="name"`` is that backend's algorithm of this name, and no
    other's. One of negative priority is there for comparison: it is measured and explained beside
    the others, and computes only where ``backend`` is its own name.

    """

    name: str
    device: str
    priority: int

    def status(self) -> Status:
        """Say whether this backend works here. Never raises."""
        ...

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        """Return the algorithms for this kind of problem, the last resort last."""
        ...


class Memory(Protocol):
    """The arrays of one library on one device. Hashable, equal where arrays mix freely.

    Inside, an array is whatever the plans of the backend take; it has shape, ndim, dtype (of
    NumPy) and `reshape`.
    """

    @member
    def device(self) -> str:
        """The memory's name: the `Backend.device` of those who compute here, or what
        `optional.Sharing` says.
        """
        ...

    def adapt(self, argument: str, value: Any) -> Any:
        """Return `value` as an array of the inner kind that shares its memory.

        Raises
        ------
        ArgumentTypeError
            If it lies elsewhere, or is no array.
        """
        ...

    def plain(self, array: Any) -> Any:
        """Return `array` if it is contiguous and aligned, else a copy that is."""
        ...

    def is_plain(self, array: Any) -> bool: ...

    def new_output(self, shape: Shape, dtype: np.dtype[Any]) -> Callable[[], Any]:
        """Return a function that makes contiguous arrays of the inner kind."""
        ...

    def check_out(self, out: Any, shape: Shape, dtype: str, operands: tuple[Any, ...]) -> Any:
        """Return `out` as an array of the inner kind, or raise if it cannot be written."""
        ...

    def copy(self, target: Any, source: Any) -> None:
        """Copy between arrays of the same shape and dtype, contiguous or not."""
        ...

    def restorer(self, value: Any) -> Callable[[Any], Any]:
        """Return a function that gives a result as the kind of array that `value` is."""
        ...

    def bring(self, array: Array) -> Any:
        """Return a copy of a NumPy array as one of the library's own arrays there."""
        ...

    def fetch(self, argument: str, value: Any) -> Array:
        """Return an array there as a NumPy array, once it is computed."""
        ...


@dataclass(frozen=True)
class Operand:
    """The shape and dtype of an array: what a problem needs to know of it."""

    shape: Shape
    dtype: str

    @property
    def ndim(self) -> int:
        return len(self.shape)


@dataclass(frozen=True)
class Case:
    """A named choice of operands and parameters, shared by tests, `verify` and benchmarks."""

    name: str
    operands: tuple[Operand, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Demonstration:
    """Arrays and parameters with which an operator shows on a picture what it is for."""

    arrays: tuple[Array, ...]
    parameters: Mapping[str, Any]
    caption: str


class Operator(Protocol):
    """What a user asks for by name.

    ``operands`` names the arrays in order. ``naive`` maps each type of problem that this
    operator defines to its naive reference, called as ``naive[type(problem)](problem, *arrays)``;
    an operator made of others defines none.
    """

    @member
    def name(self) -> str: ...
    @member
    def summary(self) -> str: ...
    @member
    def operands(self) -> tuple[str, ...]: ...
    @member
    def naive(self) -> Mapping[type, Callable[..., Array]]: ...

    @member
    def apply(self) -> Callable[..., Any]:
        """Called as ``apply(*arrays, **parameters)``, computes the operator.

        The parameters may also hold backend, algorithm and out.

        Called with `Operand` in place of arrays it computes nothing and returns the result's
        `Operand`: the dispatcher traces the problems of a call in this way.
        """
        ...

    @member
    def reference(self) -> Callable[..., Array]:
        """Called as `apply` is, computes the operator by its definition, in plain NumPy."""
        ...

    def cases(self) -> Sequence[Case]: ...

    def demonstration(self, picture: Array) -> Demonstration:
        """Return a demonstration on `picture`, float32 in [0, 1] of shape (3, H, W)."""
        ...
