"""What plugins may have besides what `protocol` asks of them: each ability is a protocol here.

Whoever has the members has the ability; nothing is declared. The functions at the end say what
holds of those that lack one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol, runtime_checkable

from .protocol import Algorithm, Array, Backend, Case, Memory, Operand, Operator, Problem, Shape
from .types import member

# Of problems


@runtime_checkable
class Linear(Protocol):
    """A problem whose result is linear in some of its operands: the laws of linear problems hold.

    They are `linear` and `wide_range`; with two such operands `denormals`.
    """

    @member
    def linear_in(self) -> tuple[int, ...]:
        """The operands, counted from 0, in each of which the result is linear by itself.

        The others stay as they are meanwhile. An epilogue does not count: laws leave it out.
        """
        ...


@runtime_checkable
class Transposable(Protocol):
    """A linear problem of which the adjoint is a problem as well: the law `adjoint` holds."""

    def adjoint(self, operand: int) -> Problem | None:
        """Return the problem ``A'`` with ``<A a, y> = <a, A' y>``, without an epilogue.

        Here ``A`` takes that operand to the result, the others being fixed, and ``<a, b>`` is the
        sum of ``a * b``, without conjugation. ``A'`` takes the same operands but for this one, in
        the place of which stands `y`, of this problem's `result_shape`. None if no problem
        describes it.
        """
        ...


@runtime_checkable
class Selecting(Protocol):
    """A problem that can be made to copy samples: `delta` holds, and `accuracy` where it has one.

    The law `accuracy` is for those with a field `accuracy`, of floating-point numbers.
    """

    def deltas(self) -> Array:
        """Return a second operand of zeros and ones by which results are samples of the first.

        Few of them meet in one result, best of all one, and each place of the operand is 1 in
        some problem: then what is read from a wrong place shows.
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """A problem whose results are no sums of products: it says how exact they must be."""

    def bound(self, naive: Callable[..., Array], *operands: Array) -> Any:
        """Return the largest error that each element of the result may have."""
        ...


@runtime_checkable
class Featured(Protocol):
    """A problem that says what whoever solves it must know of."""

    @member
    def features(self) -> frozenset[str]:
        """Words such as ``padding_mode=reflect``.

        One that came after a backend's protocol (`protocol.SINCE`) keeps the problem from it.
        """
        ...


@runtime_checkable
class Graded(Protocol):
    """A problem of which the caller says how exactly it is to be solved."""

    @member
    def accuracy(self) -> str:
        """``standard``, ``strict`` or ``fast``, as in `numconv.conv2d`."""
        ...


@runtime_checkable
class MixedDtypes(Protocol):
    """A problem whose operands are not all of its `dtype`."""

    @member
    def operand_dtypes(self) -> tuple[str, ...]:
        """The dtype of each operand."""
        ...


@runtime_checkable
class SummedIn(Protocol):
    """A problem whose sums are not kept in what its `result_dtype` says."""

    @member
    def sums_dtype(self) -> str:
        """In which dtype sums are kept; where that is int64 they are proved to fit, or refused."""
        ...


@runtime_checkable
class Counted(Protocol):
    """A problem of whose `terms` some are always products with padding's zeros."""

    @member
    def most_products(self) -> int:
        """How many others an element of the result sums at most."""
        ...


# Of plans and algorithms


@runtime_checkable
class Preparing(Protocol):
    """A plan that likes its weight, the second operand, in a form of its own."""

    def prepare(self, weight: Array) -> Any:
        """Return `weight` in the form this plan likes best; a call takes it in its place."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A prepared weight from which the weight can be had.

    Plans in callers' hands then keep no copy besides, for the day on which they are pickled.
    """

    @member
    def given(self) -> Array:
        """The weight as it was given."""
        ...


@runtime_checkable
class LastResort(Protocol):
    """An algorithm that says whether it is slow, and there so that every call has an answer."""

    last_resort: bool


@runtime_checkable
class Transforming(Protocol):
    """An algorithm that says whether it goes through Fourier transforms.

    `numconv.signal` goes by it where SciPy's functions do one or the other: which method
    `choose_conv_method` names, and whether integers are convolved as floating-point numbers.
    """

    transforms: bool


@runtime_checkable
class Varied(Protocol):
    """An algorithm that brings problems of its own on which the laws are checked besides."""

    def variants(self) -> Iterable[tuple[Algorithm, Mapping[str, Problem]]]:
        """Yield algorithms, each with problems by their names, all of which it accepts.

        An algorithm is this one, with problems that show what no operator's cases do; or a form
        that it takes for some problems only, made to be taken for all, with a name of its own.
        """
        ...


@runtime_checkable
class Native(Protocol):
    """A backend or an algorithm with a library behind it, measured as its own users call it."""

    def native(self, problem: Any, operands: Sequence[Array]) -> Callable[[], Any]:
        """Return the call that a user of the library behind this backend would write.

        The operands are turned into the library's own kind of array here, once; each call
        allocates its result. Without this member a backend is measured through numconv's
        functions.
        """
        ...


# Of backends


@runtime_checkable
class Versioned(Protocol):
    """A backend or an operator that says for which version of the protocol it was written."""

    protocol: int
    """`PROTOCOL` at that time; without this member, the first."""


@runtime_checkable
class Placed(Protocol):
    """A backend that computes on a device with memory of its own."""

    def holds(self, value: Any) -> bool:
        """Return whether `value` is an array in that memory. Never raises, and is quick."""
        ...

    def memory(self, value: Any) -> Memory:
        """Return the memory in which `value` lies, an array on this backend's device."""
        ...

    def remedy(self) -> str:
        """Say how a NumPy array gets there, in the imperative."""
        ...


@runtime_checkable
class Moving(Protocol):
    """A placed backend to whose memory the command line and benchmarks move their arrays."""

    def put(self, array: Array) -> Any:
        """Return a copy of a NumPy array there, of a kind that `holds` knows."""
        ...

    def fetch(self, value: Any) -> Array:
        """Return a copy of an array there as a NumPy array, once it is computed."""
        ...

    def finish(self) -> None:
        """Wait until all that was enqueued there is done."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """A backend that says in which memory it computes, which others may compute in as well.

    Backends that compute in memory of one name are chosen from together, and take the same inner
    arrays. Of those that are `Placed` the first that can be used is asked whether it holds a
    value, and makes the inner arrays for all of them; the others need not be.
    """

    @member
    def memory_name(self) -> str:
        """What the memory is called; without this member, as the device.

        One that takes other inner arrays than the rest of its device calls its memory otherwise.
        """
        ...


@dataclass(frozen=True)
class Roof:
    """What a device gives at most, as measured just now: the roof of a roofline."""

    flops: float
    """Floating-point operations per second, a multiply-add being two."""

    bytes_per_second: float
    """To and from memory, for arrays too large for any cache."""


@runtime_checkable
class Roofed(Protocol):
    """A backend that measures its device: benchmarks then give percents of what is possible."""

    def roof(self, dtype: str) -> Roof:
        """Measure, in a few milliseconds, what the device gives for `dtype`."""
        ...


# Of memories


@runtime_checkable
class Recognising(Protocol):
    """A memory whose arrays are told at a glance, so that a call made before is a short one."""

    def glance(self, value: Any) -> tuple[Hashable, Any] | None:
        """Return what tells where an array lies, its shape and its dtype, and its inner kind.

        It is asked, in place of the other members, of every array of a type that was met before.
        None if the array is not on a device, not contiguous, or must be looked at more closely.
        """
        ...


@runtime_checkable
class Viewing(Memory, Protocol):
    """A memory whose arrays can be laid out anew, as operators made of others ask for.

    Its inner arrays have strides, in bytes, and its `copy` takes integers of any dtype to int64.
    """

    def view(self, array: Any, shape: Shape, strides: Shape) -> Any:
        """Return the inner array of this shape and these strides that begins as `array` does."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A memory on whose device plans can be timed: ``tune=True`` is refused elsewhere."""

    @member
    def name(self) -> str:
        """What the device is called: what was measured on it holds for those of this name."""
        ...

    def put(self, array: Array) -> Any:
        """Return a copy of a NumPy array there, of the inner kind."""
        ...

    def finish(self) -> None:
        """Wait until all that was enqueued there is done."""
        ...


# Of operators


@runtime_checkable
class Omitting(Protocol):
    """An operator with operands that a call may leave out."""

    @member
    def optional(self) -> tuple[str, ...]:
        """Their names, which `operands` has as well, after all others."""
        ...


@runtime_checkable
class Typical(Protocol):
    """An operator that is what its name says by its parameters."""

    @member
    def usual(self) -> Mapping[str, Any]:
        """Those parameters, where nobody says otherwise: ``dilation=2`` of `dilated`."""
        ...


@runtime_checkable
class Exemplary(Protocol):
    """An operator that has an example for any input: the command line needs no other shapes."""

    def example(
        self,
        x: Operand,
        axes: int,
        *,
        kernel: Any = None,
        out_channels: int | None = None,
        **parameters: Any,
    ) -> Case:
        """Return a call on `x` as it is usual, with everything that is said kept.

        Parameters
        ----------
        x : Operand
            With or without a batch axis.
        axes : int
            How many of its axes are spatial, the last ones.
        kernel : int or tuple of int, optional
            The kernel's size per axis; None leaves it to the operator.
        out_channels : int, optional
            Channels of the result; None is as many as go in.
        **parameters
            Of the call, as they were given.

        Returns
        -------
        Case
            Operands, x first and none that is optional, and all parameters of the call.

        Raises
        ------
        ArgumentError
            If there is no such call.
        """
        ...


# What holds without


def has_field(problem: Any, name: str) -> bool:
    """Return whether `dataclasses.replace` can vary this member of a problem."""
    return is_dataclass(problem) and any(each.name == name for each in fields(problem))


def features_of(problem: Problem) -> frozenset[str]:
    """Return what whoever solves a problem must know of; nothing in particular without a word."""
    return problem.features if isinstance(problem, Featured) else frozenset()


def accuracy_of(problem: Problem) -> str:
    """Return how exactly a problem is to be solved, by default ``standard``."""
    return problem.accuracy if isinstance(problem, Graded) else "standard"


def dtypes_of(problem: Problem) -> tuple[str, ...]:
    """Return the dtype of each operand, by default the problem's."""
    if isinstance(problem, MixedDtypes):
        return problem.operand_dtypes
    return (problem.dtype,) * len(problem.operand_shapes)


def sums_dtype(problem: Problem) -> str:
    """Return in which dtype sums are kept, by default the result's."""
    return problem.sums_dtype if isinstance(problem, SummedIn) else problem.result_dtype


def most_products(problem: Problem) -> int:
    """Return how many products an element sums at most that are not with padding's zeros."""
    return problem.most_products if isinstance(problem, Counted) else problem.terms


def linear_in(problem: Problem) -> tuple[int, ...]:
    """Return the operands in each of which a problem is linear, by default none."""
    return tuple(problem.linear_in) if isinstance(problem, Linear) else ()


def is_last_resort(algorithm: Algorithm) -> bool:
    """Return whether an algorithm is slow, and there so that every call has an answer."""
    return isinstance(algorithm, LastResort) and bool(algorithm.last_resort)


def uses_transforms(algorithm: Algorithm) -> bool:
    """Return whether an algorithm goes through Fourier transforms."""
    return isinstance(algorithm, Transforming) and bool(algorithm.transforms)


def variants(algorithm: Algorithm) -> tuple[tuple[Algorithm, Mapping[str, Problem]], ...]:
    """Return an algorithm's forms and problems of its own, by default none."""
    return tuple(algorithm.variants()) if isinstance(algorithm, Varied) else ()


def protocol_of(item: Backend | Operator) -> Any:
    """Return the version of the protocol that a backend or an operator was written for."""
    return item.protocol if isinstance(item, Versioned) else 1


def memory_name(backend: Backend) -> str:
    """Return the name of the memory in which a backend computes, by default its device's."""
    return str(backend.memory_name if isinstance(backend, Sharing) else backend.device)


def optional_operands(operator: Operator) -> tuple[str, ...]:
    """Return the operands that a call of an operator may leave out, by default none."""
    return tuple(operator.optional) if isinstance(operator, Omitting) else ()


def needed_operands(operator: Operator) -> tuple[str, ...]:
    """Return the operands after x that a call cannot do without."""
    left_out = optional_operands(operator)
    return tuple(name for name in operator.operands[1:] if name not in left_out)


def usual(operator: Operator) -> dict[str, Any]:
    """Return the parameters that make an operator what its name says, by default none."""
    return dict(operator.usual) if isinstance(operator, Typical) else {}


def example(operator: Operator, x: Operand, axes: int, **chosen: Any) -> Case | None:
    """Return the operator's example for `x`; of one that takes x alone, that; else None.

    `chosen` is as for `Exemplary.example`.
    """
    if isinstance(operator, Exemplary):
        return operator.example(x, axes, **chosen)
    if needed_operands(operator):
        return None
    unused = ("kernel", "out_channels")
    return Case("example", (x,), {k: v for k, v in chosen.items() if k not in unused})
