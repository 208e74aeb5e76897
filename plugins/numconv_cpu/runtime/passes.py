"""Passes in Numba's way to compile that spare it what it would do again for every kernel."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from numba import types
from numba.core import ir, typed_passes
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.cpython.builtins import do_minmax
from numba.extending import _Intrinsic, intrinsic

__all__ = ["NumbersTyping", "OwnMinMax"]

_SCALARS = (types.Number, types.Boolean)


def _chosen(types_of: tuple[Any, ...], typingctx: Any, above: Any) -> Any:
    """Return what an intrinsic gives: the type of the result, and how its code is made."""
    result = typingctx.unify_types(*types_of)
    if result is None or not all(isinstance(each, _SCALARS) for each in types_of):
        return None

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return do_minmax(context, builder, list(signature.args), list(args), above)

    return result(*types_of), generate


@intrinsic
def _least_of_2(typingctx, a, b):  # type: ignore[no-untyped-def]
    return _chosen((a, b), typingctx, operator.lt)


@intrinsic
def _least_of_3(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    return _chosen((a, b, c), typingctx, operator.lt)


@intrinsic
def _greatest_of_2(typingctx, a, b):  # type: ignore[no-untyped-def]
    return _chosen((a, b), typingctx, operator.gt)


@intrinsic
def _greatest_of_3(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    return _chosen((a, b, c), typingctx, operator.gt)


_IN_PLACE = {
    (min, 2): _least_of_2,
    (min, 3): _least_of_3,
    (max, 2): _greatest_of_2,
    (max, 3): _greatest_of_3,
}


@register_pass(mutates_CFG=False, analysis_only=False)
class OwnMinMax(FunctionPass):
    """Make ``min`` and ``max`` of two or three numbers where they are called.

    Numba compiles a function of its own for each combination of types, and translates it to
    machine code by itself, which takes as long as a small kernel.
    """

    _name = "numconv_own_min_max"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        counts: dict[str, set[int | None]] = {}
        for statement in _assignments(state.func_ir):
            call = statement.value
            if isinstance(call, ir.Expr) and call.op == "call":
                plain = not call.kws and call.vararg is None
                counts.setdefault(call.func.name, set()).add(len(call.args) if plain else None)
        changed = False
        for statement in _assignments(state.func_ir):
            named = statement.value
            if not isinstance(named, ir.Global) or named.value not in (min, max):
                continue
            called = counts.get(statement.target.name, set())
            own = _IN_PLACE.get((named.value, *called)) if len(called) == 1 else None
            if own is not None:
                statement.value = ir.Global(named.name, own, named.loc)
                changed = True
        return changed


def _assignments(code: Any) -> Iterator[Any]:
    for block in code.blocks.values():
        yield from block.find_insts(ir.Assign)


_PYTHON_S = ("_operator", "builtins")
_known: dict[Any, Any] = {}


class _Remembering:
    """A typing context that remembers what Python makes of numbers, and intrinsics of all types.

    Numba goes through all that an operator may mean, in lists, in texts and in arrays, each time
    it meets one, and through all that it knows for an intrinsic.
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._context == getattr(other, "_context", other))

    def __hash__(self) -> int:
        return hash(self._context)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        resolve: Callable[..., Any] = self._context.resolve_function_type
        if kws or not _is_settled(function, args):
            return resolve(function, args, kws)
        key = (function, *args)
        if key not in _known:
            _known[key] = resolve(function, args, kws)
        return _known[key]


def _is_settled(function: Any, args: Any) -> bool:
    """Whether the types of its arguments are all that the result's depends on."""
    meant = function.typing_key if isinstance(function, types.Function) else function
    if isinstance(meant, _Intrinsic):
        return True
    numbers = all(isinstance(each, _SCALARS) for each in args)
    return numbers and getattr(meant, "__module__", None) in _PYTHON_S


@register_pass(mutates_CFG=True, analysis_only=False)
class NumbersTyping(typed_passes.NopythonTypeInference):
    """Numba's inference of types, which remembers what operators make of numbers."""

    _name = "numconv_numbers_typing"

    def run_pass(self, state: Any) -> bool:
        context = state.typingctx
        state.typingctx = _Remembering(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context
