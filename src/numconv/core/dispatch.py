"""The dispatcher: keeps what was chosen and planned for a call, and runs it.

A call that was made before with the same shapes, dtypes and parameters costs one dictionary
look-up and one call of its plan; everything that can be decided from these is decided once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import prod
from operator import is_
from typing import Any

import numpy as np

from . import arrays
from .background import undisturbed
from .choice import Choice, choose, forget_warnings, offers, passing_over, warn_of_last_resort
from .dtypes import DTYPES
from .errors import ArgumentError, ArgumentTypeError
from .geometry import LARGEST
from .kept import CallCache, remember
from .kept import held_bytes as held_bytes_of
from .memory import when_released
from .optional import Tunable, most_products, sums_dtype
from .overflow import check_sums
from .parameters import flag, is_plain
from .parameters import plain as plain_values
from .places import HOST, HOST_DEVICE, check_place, glances, memory_of
from .protocol import Array, Memory, Operand, Plan, Problem
from .threads import get_num_threads, with_num_threads
from .tracing import Traced as Traced
from .tracing import trace
from .tracing import tracing as tracing

Build = Callable[..., Problem]
EPILOGUE = ("bias", "residual")


@dataclass(frozen=True)
class Call:
    """Everything that is known of a call before its arrays' values are."""

    problem: Problem
    choice: Choice
    plan: Plan
    shape: tuple[int, ...]
    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    batched: bool
    products: int | None
    """Where sums of integers are proved to fit: how many products one is of at most; else None."""

    empty: bool
    memory: Memory
    """Where operands and result lie."""

    fresh: Callable[[], Any]
    """Makes an array for the result."""

    held_bytes: int
    """What the plan takes as long as it is kept."""

    glances: list[Any] = field(default_factory=list, compare=False)
    """By what it is recognised at a glance: see `_glance`."""


_cache = CallCache()
_calls: dict[Any, Call] = _cache.calls
_recent: dict[Any, tuple[tuple[Any, ...], Call]] = _cache.recent
_offers: dict[Any, bool] = {}
_met: set[Any] = set()


def solve(
    build: Build,
    operands: tuple[Any, ...],
    parameters: tuple[Any, ...],
    names: tuple[str, ...],
    *,
    optional: tuple[str, ...] = EPILOGUE,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    tune: bool = False,
) -> Any:
    """Solve the problem that ``build(*operands, *parameters)`` describes.

    Parameters
    ----------
    build : callable
        Makes the problem from an `Operand` (or None) for each array, and the parameters.
    operands : tuple
        The arrays, as the caller gave them, or None for those left out. The first decides
        what kind of array is returned. All or none may be `Operand`: then nothing is computed.
    parameters : tuple
        The other arguments of `build`.
    names : tuple of str
        What the caller calls the operands.
    optional : tuple of str
        Those of them that may be None, by default those of an epilogue: bias and residual.
    out, backend, algorithm, tune
        As in `numconv.conv2d`.

    Returns
    -------
    array of the first operand's kind, or `Operand`
    """
    if tune is not False:
        tune = flag("tune", tune)
    threads = get_num_threads()
    key, plain = _glance(build, operands, parameters, backend, algorithm, tune, threads)
    try:
        seen, recent = _recent[key]
    except (KeyError, TypeError):
        pass
    else:
        if all(map(is_, parameters, seen)):
            if out is not None:
                return run(recent, plain, out, plain)
            result = recent.fresh()
            if not recent.empty:
                recent.plan(*plain, out=result)
            if recent.memory is not HOST:
                result = recent.memory.restorer(operands[0])(result)
            return result
    be_ready()
    if isinstance(operands[0], Operand):
        return _record(build, operands, parameters, backend, algorithm)
    memory = HOST
    given = list(operands)
    if not all(value is None or type(value) is np.ndarray for value in operands):
        memory = memory_of(zip(names, operands, strict=True))
        given = [
            None if value is None else memory.adapt(name, value)
            for name, value in zip(names, operands, strict=True)
        ]
    key = (
        build,
        tuple([None if a is None else (a.shape, a.dtype) for a in given]),
        parameters,
        tuple([_kind(p) if type(p) in _DEEPER else type(p) for p in parameters]),
        backend,
        algorithm,
        tune,
        threads,
        memory,
    )
    lasting = True
    try:
        call = _calls.get(key)
    except TypeError:  # lists and arrays cannot be looked up
        call = None
    if call is None:
        for word, name in (("backend", backend), ("algorithm", algorithm)):
            if not isinstance(name, str):
                raise ArgumentTypeError(word, name, "a name")
        # Only calls with plain parameters are kept, so that no other is ever found.
        values = plain_values(parameters)
        if values is not parameters:
            options = {
                "optional": optional,
                "out": out,
                "backend": backend,
                "algorithm": algorithm,
                "tune": tune,
            }
            return solve(build, operands, values, names, **options)
        asked = (build, given, parameters, names, optional, backend, algorithm, tune, memory)
        call = with_num_threads(threads, _prepare, *asked)
        lasting = is_plain(parameters)
        if lasting:
            _cache.keep(key, call)
        elif not _hashable(parameters):
            raise ArgumentTypeError("parameters", parameters, "numbers, strings and tuples")
    if lasting and call.batched and call.products is None:
        glance, plain = _glance(build, operands, parameters, backend, algorithm, tune, threads)
        if glance is not None and all(array.dtype.isnative for array in plain):
            _cache.recognise(key, glance, parameters, call)
    plain = [memory.plain(a) for a in given if a is not None]
    if call.products is not None:
        plain = check_sums(call.problem, call.products, plain)
    if not call.batched:
        plain = [array.reshape(shape) for array, shape in zip(plain, call.shapes, strict=True)]
    result = run(call, plain, out, given)
    first = operands[0]
    return (
        result if out is not None or type(first) is np.ndarray else memory.restorer(first)(result)
    )


def run(
    call: Call, operands: Sequence[Any], out: Any = None, given: Sequence[Array | None] = ()
) -> Any:
    """Run a prepared call on plain arrays of its memory; return `out`, or a new array there."""
    if out is None:
        room = target = call.fresh()
    else:
        target = call.memory.check_out(out, call.shape, call.dtype, tuple(given))
        room = target if call.memory.is_plain(target) else call.fresh()
    if not call.empty:
        whole = room if call.batched else room.reshape(call.problem.result_shape)
        call.plan(*operands, out=whole)
    if room is not target:
        call.memory.copy(target, room)
    return target if out is None else out


def _glance(
    build: Build,
    operands: tuple[Any, ...],
    parameters: tuple[Any, ...],
    backend: str,
    algorithm: str,
    tune: bool,
    threads: int,
) -> tuple[Any, list[Any]]:
    """Return what a call is recognised by, if its operands are plain arrays, and these.

    Parameters that are equal need not be the same (`_kind`). The caller makes sure that they are
    the very objects of the call that is remembered: small numbers and constants always are.
    """
    seen: list[Any] = []
    plain: list[Any] = []
    kind = type(operands[0])
    for array in operands:
        if array is None:
            seen.append(None)
        elif type(array) is not kind:
            return None, plain
        elif kind is np.ndarray:
            if not array.flags.carray:
                return None, plain
            seen.append(array.shape)
            seen.append(array.dtype)
            plain.append(array)
        else:
            glance = glances.get(kind)
            known = None if glance is None else glance(array)
            if known is None:
                return None, plain
            seen.append(known[0])
            plain.append(known[1])
    return (build, parameters, backend, algorithm, tune, threads, kind, *seen), plain


_DEEPER = frozenset((tuple, float))


def _kind(value: Any) -> Any:
    """Return what tells apart values that are equal, yet not the same: 1 and True, 0.0 and -0.0."""
    if type(value) is tuple:
        return tuple([_kind(each) if type(each) in _DEEPER else type(each) for each in value])
    return repr(value) if type(value) is float else type(value)


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def held_bytes() -> int:
    """Return about how much memory the plans take that are kept."""
    return _cache.held_bytes


def _release() -> None:
    _cache.clear()
    _offers.clear()


when_released(_release)


def forget() -> None:
    """Drop every cached plan and choice, and let what was said once be said again."""
    _release()
    forget_warnings()


def _prepare(
    build: Build,
    given: Sequence[Array | None],
    parameters: tuple[Any, ...],
    names: tuple[str, ...],
    optional: tuple[str, ...],
    backend: str,
    algorithm: str,
    tune: bool,
    memory: Memory,
) -> Call:
    for name, array in zip(names, given, strict=True):
        if array is None and name not in optional:
            arrays.adapt(name, None)
        if array is not None and array.dtype.name not in DTYPES:
            arrays.adapt(name, array)
    operands = [None if a is None else Operand(a.shape, a.dtype.name) for a in given]
    problem = build(*operands, *parameters)
    if prod(problem.result_shape) > LARGEST:
        expected = f"a result of at most {LARGEST} values, not of shape {problem.result_shape}"
        raise ArgumentError(names[0], operands[0].shape if operands[0] else None, expected)
    if tune and memory is not HOST and not isinstance(memory, Tunable):
        raise ArgumentError("tune", tune, f"False for arrays in the memory of {memory.device!r}")

    def attempt(broken: Collection[str]) -> Call:
        choice = chosen(problem, backend, algorithm, memory.device, broken)
        check_place(memory, choice.backend, names[0])
        if tune and not broken:
            from .tuning import tuned

            choice = tuned(problem, backend, algorithm, memory=memory)
        return prepare(problem, operands[0], choice, memory)

    return passing_over(backend, attempt)


def chosen(
    problem: Problem,
    backend: str,
    algorithm: str,
    device: str,
    without: Collection[str] = (),
) -> Choice:
    """Return what `choose` does."""
    kind = (type(problem), backend, device)
    found: Choice = _settled(choose, kind, problem, backend, algorithm, device, without)
    return found


def _settled(function: Callable[..., Any], kind: Any, *arguments: Any) -> Any:
    """Return ``function(*arguments)``; the first of its kind may import, and is not disturbed."""
    if kind in _met:
        return function(*arguments)
    result = undisturbed(function, *arguments)
    _met.add(kind)
    return result


def be_ready() -> None:
    """Import what the first call pays for, not the import of the package."""
    _settled(_import_late, "imports")


def _import_late() -> None:
    from . import plugins, tuning  # noqa: F401


def prepare(problem: Problem, first: Operand | None, choice: Choice, memory: Memory = HOST) -> Call:
    """Plan `problem`; `first`, the operand that may lack a batch axis, says whether it does."""
    if choice.fell_back:
        warn_of_last_resort(choice, problem)
    shape = problem.result_shape
    batched = first is None or first.ndim == len(problem.operand_shapes[0])
    kind = (type(choice.algorithm), choice.algorithm.name, problem.dtype)
    plan = _settled(choice.algorithm.plan, kind, problem)
    dtype = problem.result_dtype
    own = shape if batched else shape[1:]
    return Call(
        problem=problem,
        choice=choice,
        plan=plan,
        shape=own,
        dtype=dtype,
        shapes=problem.operand_shapes + problem.epilogue.shapes(shape),
        batched=batched,
        products=most_products(problem) if sums_dtype(problem) == "int64" else None,
        empty=prod(shape) == 0,
        memory=memory,
        fresh=memory.new_output(own, np.dtype(dtype)),
        held_bytes=held_bytes_of(plan),
    )


def _record(
    build: Build,
    operands: tuple[Any, ...],
    parameters: tuple[Any, ...],
    backend: str,
    algorithm: str,
) -> Operand:
    problem = build(*operands, *plain_values(parameters))
    trace().found.append(Traced(problem, backend, algorithm))
    batched = operands[0].ndim == len(problem.operand_shapes[0])
    return Operand(problem.result_shape[not batched :], problem.result_dtype)


def offered(
    build: Build,
    operands: tuple[Any, ...],
    parameters: tuple[Any, ...],
    names: tuple[str, ...],
    backend: str,
) -> bool:
    """Return whether a backend solves the problem of such a call, and not as a last resort.

    Operators ask that can solve several problems instead. Arguments are as in `solve`.
    """
    given = operands
    if isinstance(operands[0], Operand):
        device = trace().device
        if trace().at_once:
            return True
    elif all(each is None or type(each) is np.ndarray for each in operands):
        device = HOST_DEVICE
    else:
        named = list(zip(names, operands, strict=True))
        memory = memory_of(named)
        device = memory.device
        given = tuple([None if a is None else memory.adapt(name, a) for name, a in named])
    seen = tuple([None if each is None else (each.shape, each.dtype) for each in given])
    key = (build, seen, parameters, backend, device)
    try:
        found = _offers.get(key)
    except TypeError:  # lists and arrays cannot be looked up
        found = None
    if found is None:
        values = plain_values(parameters)
        if values is not parameters:
            return offered(build, operands, values, names, backend)
        described = [
            None if each is None else Operand(tuple(each.shape), arrays.dtype_name(each))
            for each in given
        ]
        found = offers(build(*described, *parameters), backend, device)
        if is_plain(parameters):
            remember(_offers, key, found)
    return found
