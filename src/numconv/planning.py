"""Plans of calls that are made many times, and explanations of what a call would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import functional
from .core import dispatch, dtypes, explanation
from .core.dispatch import Traced
from .core.errors import ArgumentError, ArgumentTypeError
from .core.explanation import Explanation
from .core.geometry import integer
from .core.places import memory_of
from .core.protocol import Memory, Operand
from .core.signatures import DtypeName, Int, Tensor
from .prepared import PreparedPlan, planned

__all__ = ["PreparedPlan", "explain", "plan"]


_ADDED = ("bias", "residual")  # how operands are called that no operator lists


def plan(
    function: str,
    *operands: Tensor | Sequence[Int],
    dtype: DtypeName | None = None,
    **parameters: Any,
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
    dispatch.be_ready()
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
    call = planned(problem, backend, algorithm, described[0], memory)
    shaped = {i: array.reshape(call.shapes[i]) for i, array in bound.items()}
    return PreparedPlan(call, described, shaped)


def explain(
    function: str,
    *operands: Tensor | Sequence[Int],
    dtype: DtypeName | None = None,
    **parameters: Any,
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
        As the function takes them; of an operand among them, such as a bias, the shape will do.

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
    dispatch.be_ready()
    memory = memory_of([(f"operands[{i}]", each) for i, each in _arrays(operands)])
    described, _ = _describe(operands, dtype, memory)
    parameters = _shaped(parameters, described[0].dtype if described else "float32")
    traced, result = _trace(function, described, parameters, memory.device)
    return explanation.explain(traced, result.shape, memory.device)


def _shaped(parameters: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return the parameters with an `Operand` for each array, or shape, of an operand."""
    from .core import plugins

    known = {name for each in plugins.operators().values() for name in each.operands}
    return {
        name: _described(name, value, dtype)
        if name in known or name.endswith(_ADDED) or _holds_arrays(value)
        else value
        for name, value in parameters.items()
    }


def _described(name: str, value: Any, dtype: str) -> Any:
    if isinstance(value, list) or (type(value) is tuple and _holds_arrays(value)):
        return [_described(name, each, dtype) for each in value]
    if type(value) is tuple:
        return Operand(_shape(name, value), dtype)
    if not _is_array(value):
        return value
    array = memory_of([(name, value)]).adapt(name, value)
    return Operand(array.shape, array.dtype.name)


def _holds_arrays(value: Any) -> bool:
    """Return whether a parameter is several arrays, as a norm is; numbers may be arrays, too."""
    several = isinstance(value, (list, tuple)) and len(value) > 0
    return several and all(_is_array(each) and len(each.shape) > 0 for each in value)


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
