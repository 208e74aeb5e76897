"""Plans in the caller's hands, and explanations of what a call would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import functional
from .core import dispatch, dtypes, explanation
from .core.choice import choose
from .core.dispatch import Call, Traced
from .core.errors import ArgumentError, ArgumentTypeError, BackendError
from .core.explanation import Explanation
from .core.geometry import integer
from .core.overflow import check_sums
from .core.places import HOST, check_place, glances, memory_of
from .core.protocol import Array, Memory, Operand
from .core.threads import num_threads_held

__all__ = ["PreparedPlan", "explain", "plan"]


_NUMBERS = (
    *("stride", "padding", "dilation", "groups"),
    *("output_padding", "output_size", "kernel_size", "scale"),
)
"""The parameters that are never operands."""


class PreparedPlan:
    """A plan with its weight packed, to be called with arrays of the planned shapes.

    Made by `numconv.plan`. Any number of threads may call it at once. Nothing in it changes, so
    that its copies are itself. Pickled, it is the problem, the names of backend and algorithm, and
    the arrays that were bound: where it is read again it is planned anew, by the same algorithm,
    and a `RefusedError` or `BackendError` where that cannot be.
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
        prepare = getattr(call.plan, "prepare", None)
        self._weight: Any = None  # as it was given, where its prepared form does not tell
        if 1 in bound and prepare is not None and not call.integers:
            weight, self._values[1] = self._values[1], prepare(self._values[1])
            if not _tells(self._values[1], weight):
                self._weight = weight
        # Most plans are called with one array; then there is little to put together.
        only = self._free[0] if len(self._free) == 1 and call.batched else None
        quick = only is not None and not call.integers
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
            given = np.asarray(getattr(weight, "given", weight))
            bound[1] = given.astype(self._given[1].dtype, copy=False)
        names = call.choice.backend.name, call.choice.algorithm.name
        return _planned, (call.problem, *names, self._given, bound)

    @property
    def problem(self) -> Any:
        """The problem that is solved."""
        return self._call.problem

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._call.plan.workspace_bytes

    def describe(self) -> str:
        """Return backend, algorithm, and how the problem is cut up, in a line."""
        choice = self._call.choice
        return f"{choice.backend.name}/{choice.algorithm.name}: {self._call.plan.describe()}"

    def __call__(self, *operands: Any, out: Any = None) -> Any:
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
        if self._only is not None and out is None and len(operands) == 1:
            shape, dtype = self._only
            x, call = operands[0], self._call
            if type(x) is np.ndarray:
                host = call.memory is HOST and x.shape == shape and x.dtype is dtype
                if host and x.flags.carray:
                    return dispatch.run(call, (x, *self._bound))
            elif (seen := self._glance(x)) is not None and seen[0] == self._recent:
                return call.memory.restorer(x)(dispatch.run(call, (seen[1], *self._bound)))
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
        if self._call.integers:
            values = check_sums(self._call.problem, values)
        result = dispatch.run(self._call, values, out, given)
        seen = None if self._only is None else self._glance(operands[0])
        self._recent = None if seen is None else seen[0]
        return result if out is not None else self._call.memory.restorer(operands[0])(result)

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
        return hasattr(prepared, "given")
    alike = prepared.shape == weight.shape and prepared.dtype == weight.dtype
    return prepared is weight or (alike and np.array_equal(prepared, weight, equal_nan=True))


def _planned(
    problem: Any, backend: str, algorithm: str, given: list[Operand], bound: dict[int, Array]
) -> PreparedPlan:
    """Plan a problem by an algorithm whose name is known: what a pickled plan comes back as."""
    with num_threads_held():
        choice = choose(problem, backend, algorithm)
        call = dispatch.prepare(problem, given[0], choice)
    return PreparedPlan(call, given, bound)


def plan(
    function: str, *operands: Any, dtype: str | None = None, **parameters: Any
) -> PreparedPlan:
    """Plan a call that will be made many times, with the weight packed once.

    Parameters
    ----------
    function : str
        ``"conv2d"``, ``"involution2d"``, ... or the name of an operator.
    *operands : tuple of int, or array
        In the function's order. A shape leaves the operand to be given in each call; an array
        is bound. At least the first is a shape.
    dtype : str, optional
        Of the operands given as shapes; that of the bound arrays by default, else float32.
    **parameters
        As the function takes them; `bias` may be an array.

    Returns
    -------
    PreparedPlan

    Raises
    ------
    ArgumentError
        If there is no such function, its arguments don't fit, or it is made of several problems.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> blur = numconv.plan("conv1d", (1, 1, 5), np.ones((1, 1, 3)) / 3)
    >>> blur(np.array([[[0.0, 0, 3, 0, 0]]]))
    array([[[1., 1., 1.]]])
    """
    if not operands or _is_array(operands[0]):
        raise ArgumentError("operands", operands, "a shape first, then shapes or arrays")
    bias = parameters.pop("bias", None)
    if parameters.get("residual") is not None:
        raise ArgumentError("residual", parameters["residual"], "None: a plan does not take one")
    if parameters.get("out") is not None:
        raise ArgumentError("out", parameters["out"], "None: each call of a plan takes its own")
    if bias is not None:
        operands = (*operands, bias)
    memory = memory_of([(f"operands[{i}]", each) for i, each in _arrays(operands)])
    described, bound = _describe(operands, dtype, memory)
    traced, _ = _trace(function, described, parameters, memory.device)
    if len(traced) != 1:
        raise ArgumentError("function", function, f"one problem, not {len(traced)}: plan each")
    problem, backend, algorithm = traced[0].problem, traced[0].backend, traced[0].algorithm
    with num_threads_held():
        choice = choose(problem, backend, algorithm, memory.device)
        check_place(memory, choice.backend, "operands[1]")
        call = dispatch.prepare(problem, described[0], choice, memory)
    # In `call.shapes`: batched.
    shaped = {i: array.reshape(call.shapes[i]) for i, array in bound.items()}
    return PreparedPlan(call, described, shaped)


def explain(
    function: str, *operands: Any, dtype: str | None = None, **parameters: Any
) -> Explanation:
    """Explain what a call would do: candidates, refusals, choice, work and memory.

    Parameters
    ----------
    function : str
        ``"conv2d"``, ``"involution2d"``, ... or the name of an operator.
    *operands : tuple of int, or array
        Shapes, or arrays whose shapes are taken, in the function's order.
    dtype : str, optional
        Of the operands given as shapes; that of the arrays by default, else float32.
    **parameters
        As the function takes them.

    Returns
    -------
    Explanation
        ``str()`` of it is for people, ``to_dict()`` for machines.

    Raises
    ------
    ArgumentError, RefusedError
        As the function itself would.

    Examples
    --------
    >>> import numconv
    >>> explained = numconv.explain("conv2d", (1, 3, 32, 32), (8, 3, 3, 3), padding=1)
    >>> explained.stages[0].macs
    221184
    """
    memory = memory_of([(f"operands[{i}]", each) for i, each in _arrays(operands)])
    described, _ = _describe(operands, dtype, memory)
    parameters = {name: _described(name, value) for name, value in parameters.items()}
    traced, result = _trace(function, described, parameters, memory.device)
    return explanation.explain(traced, result.shape, memory.device)


def _described(name: str, value: Any) -> Any:
    """Return an array among the parameters as an `Operand`; numbers may be arrays of NumPy, too."""
    if name in _NUMBERS or isinstance(value, np.generic):
        return value
    if _is_array(value):
        array = memory_of([(name, value)]).adapt(name, value)
        return Operand(array.shape, array.dtype.name)
    if isinstance(value, (list, tuple)) and any(map(_is_array, value)):
        return [_described(name, each) for each in value]
    return value


def _is_array(value: Any) -> bool:
    exported = hasattr(value, "__dlpack__") or hasattr(value, "__array_interface__")
    return exported or (hasattr(value, "dtype") and hasattr(value, "shape"))


def _arrays(operands: tuple[Any, ...]) -> list[tuple[int, Any]]:
    return [(i, value) for i, value in enumerate(operands) if _is_array(value)]


def _describe(
    operands: tuple[Any, ...], dtype: str | None, memory: Memory
) -> tuple[list[Operand], dict[int, Any]]:
    bound = {
        i: memory.plain(memory.adapt(f"operands[{i}]", value)) for i, value in _arrays(operands)
    }
    if dtype is None:
        dtype = next(iter(bound.values())).dtype.name if bound else "float32"
    if dtype not in dtypes.DTYPES:
        raise ArgumentError("dtype", dtype, "one of " + ", ".join(dtypes.DTYPES))
    described = []
    for i, value in enumerate(operands):
        if i in bound:
            described.append(Operand(bound[i].shape, bound[i].dtype.name))
        else:
            described.append(Operand(_shape(f"operands[{i}]", value), dtype))
    return described, bound


def _shape(name: str, value: Any) -> tuple[int, ...]:
    try:
        return tuple(integer(name, size, 0) for size in value)
    except TypeError:
        raise ArgumentTypeError(name, value, "an array, or a shape as a tuple of int") from None


def _trace(
    function: str, operands: list[Operand], parameters: dict[str, Any], device: str
) -> tuple[list[Traced], Operand]:
    with dispatch.tracing(device) as traced:
        result = _function(function)(*operands, **parameters)
    return traced, result


def _function(name: str) -> Callable[..., Any]:
    from . import composite
    from .core import plugins

    if not isinstance(name, str):
        raise ArgumentTypeError("function", name, "the name of a function or an operator")
    for module in (functional, composite):
        if name in module.__all__:
            found: Callable[..., Any] = getattr(module, name)
            return found
    known = plugins.operators()
    if name in known:
        return known[name].apply
    names = [*functional.__all__, *composite.__all__, *known]
    raise ArgumentError("function", name, "one of " + ", ".join(names))
