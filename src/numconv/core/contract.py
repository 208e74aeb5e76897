"""What plugins bring, held against the protocol: the types of members, and what they return."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

from .errors import BackendError, shown
from .protocol import PROTOCOL, SINCE, Algorithm, Plan, Problem, Status

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RESERVED = ("auto",)
_STATES = ("ready", "simulated", "unavailable")
_NOTHING = object()


class BrokenBackendError(BackendError):
    """A backend does not do what the protocol says.

    Parameters
    ----------
    backend : str
        Its name.
    what : str
        What it did.
    """

    def __init__(self, backend: str, what: str) -> None:
        self.backend, self.what = backend, what
        super().__init__(f"backend {backend!r} breaks the protocol: {what}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.backend, self.what)


@dataclass(frozen=True)
class _Kind:
    """What a member must be."""

    words: str
    fits: Callable[[Any], bool]


def _is_name(value: Any) -> bool:
    return type(value) is str and bool(_NAME.fullmatch(value)) and value not in _RESERVED


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _are_names(value: Any) -> bool:
    named = isinstance(value, (tuple, list)) and len(value) > 0
    return named and all(type(each) is str and each.isidentifier() for each in value)


_WORD = _Kind("a name of letters, digits, '_', '-' and '.', and not 'auto'", _is_name)
_WHOLE = _Kind("an integer", _is_integer)
_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_FUNCTION = _Kind("callable", callable)

BACKEND = {
    **{"name": _WORD, "device": _WORD, "priority": _WHOLE},
    **{"status": _FUNCTION, "algorithms": _FUNCTION},
}
OPERATOR = {
    **{"name": _WORD, "summary": _TEXT},
    "operands": _Kind("a tuple of names, x first", _are_names),
    "naive": _Kind("a mapping of types", lambda value: isinstance(value, Mapping)),
    **{"apply": _FUNCTION, "reference": _FUNCTION},
    **{"cases": _FUNCTION, "demonstration": _FUNCTION},
}
ALGORITHM = {"name": _WORD, "refusal": _FUNCTION, "cost": _FUNCTION, "plan": _FUNCTION}
_PLAN = {
    "workspace_bytes": _Kind("bytes, 0 or more", lambda value: _is_integer(value) and value >= 0),
    "describe": _FUNCTION,
}
_OPTIONAL = (
    *("holds", "memory", "put", "fetch", "finish", "remedy", "memory_name"),
    *("native", "roof"),
)


def faults(item: Any, kinds: Mapping[str, _Kind]) -> list[str]:
    """Return what is wrong with the members of `item`, each in a few words."""
    found = []
    for name, kind in kinds.items():
        try:
            value = getattr(item, name, _NOTHING)
        except Exception as error:  # of a property
            found.append(f"its {name} raises {describe(error)}")
            continue
        if value is _NOTHING:
            found.append(f"it lacks {name}")
        elif not kind.fits(value):
            found.append(f"its {name} is {shown(value)}: expected {kind.words}")
    return found


def protocol_fault(item: Any) -> list[str]:
    """Return what is wrong with the protocol that a backend or an operator was written for."""
    written = getattr(item, "protocol", PROTOCOL)
    if not _is_integer(written) or written < 1:
        return [f"its protocol is {shown(written)}: expected an integer from 1 to {PROTOCOL}"]
    if written > PROTOCOL:
        return [f"it was written for protocol {written}: this numconv has {PROTOCOL}, update it"]
    return []


def describe(error: BaseException) -> str:
    """Return an exception as one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Guarded:
    """A stranger's backend, each member of which is called and looked at here.

    Whatever it raises or gives that the protocol does not have is a `BrokenBackendError` that
    names the backend and the member; its status is never more than unavailable.
    """

    def __init__(self, backend: Any) -> None:
        self.name: str = backend.name
        self.device: str = backend.device
        self.priority = int(backend.priority)
        self.protocol = int(getattr(backend, "protocol", 1))
        self._backend = backend
        for name in _OPTIONAL:
            if hasattr(backend, name):
                setattr(self, name, getattr(backend, name))
        if hasattr(backend, "holds"):
            self.holds = self._holds

    def status(self) -> Status:
        """Say whether the backend works here; one that cannot tell does not."""
        try:
            found = self._backend.status()
        except (Exception, SystemExit) as error:
            return _untold(f"its status cannot be told: {describe(error)}")
        if not isinstance(found, Status) or found.state not in _STATES:
            return _untold(f"its status() gave {shown(found)}: expected a numconv.plugin.Status")
        return Status(found.state, str(found.reason), str(found.remedy))

    def algorithms(self, problem: Problem) -> Sequence[Algorithm]:
        """Return the algorithms for this kind of problem, guarded as well."""
        found = self._called("algorithms(problem)", self._backend.algorithms, problem)
        if not isinstance(found, Sequence) or isinstance(found, (str, bytes)):
            raise self.broken(f"algorithms(problem) gave {shown(found)}: expected a sequence")
        wrong = []
        for each in found:
            name = getattr(each, "name", None)
            label = name if isinstance(name, str) else type(each).__name__
            wrong += [f"algorithm {label!r}: {fault}" for fault in faults(each, ALGORITHM)]
        if wrong:
            raise self.broken("; ".join(wrong))
        return tuple(_GuardedAlgorithm(self, each) for each in found)

    def broken(self, what: str) -> BrokenBackendError:
        """Return the error that says what this backend did."""
        return BrokenBackendError(self.name, what)

    def _called(self, member: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            raise self.broken(f"{member} raised {describe(error)}") from error

    def _holds(self, value: Any) -> bool:
        try:
            return bool(self._backend.holds(value))
        except Exception:  # it never raises, says the protocol: so it holds nothing
            return False


class _GuardedAlgorithm:
    """A stranger's algorithm."""

    def __init__(self, backend: Guarded, algorithm: Any) -> None:
        self.name: str = algorithm.name
        self.last_resort = bool(getattr(algorithm, "last_resort", False))
        self._backend, self._algorithm = backend, algorithm
        if hasattr(algorithm, "native"):
            self.native = algorithm.native

    def refusal(self, problem: Problem) -> str | None:
        """Return why the problem is not solved, for the backend where that cannot know it."""
        unknown = unknown_features(problem, self._backend.protocol)
        if unknown:
            written = f"written for protocol {self._backend.protocol}"
            return f"was {written}, which does not know {', '.join(unknown)}"
        found = self._called("refusal", problem)
        if found is not None and not (isinstance(found, str) and found):
            raise self._broken(f"refusal(problem) gave {shown(found)}: expected a reason or None")
        return found

    def cost(self, problem: Problem) -> float:
        """Return the estimated seconds of a call."""
        found = self._called("cost", problem)
        number = isinstance(found, Real) and not isinstance(found, bool)
        if not number or not isfinite(found) or found < 0:
            raise self._broken(f"cost(problem) gave {shown(found)}: expected seconds, 0 or more")
        return float(found)

    def plan(self, problem: Problem) -> Plan:
        """Return the algorithm bound to a problem."""
        found: Plan = self._called("plan", problem)
        wrong = faults(found, _PLAN)
        if not callable(found):
            wrong.insert(0, f"it is {shown(found)}, which cannot be called")
        if wrong:
            raise self._broken(f"plan(problem): {'; '.join(wrong)}")
        return found

    def _called(self, member: str, problem: Problem) -> Any:
        function = getattr(self._algorithm, member)
        label = f"{member}(problem) of algorithm {self.name!r}"
        return self._backend._called(label, function, problem)

    def _broken(self, what: str) -> BrokenBackendError:
        return self._backend.broken(f"algorithm {self.name!r}: {what}")


def unguarded(backend: Any) -> type:
    """Return the class that a plugin's author wrote."""
    return type(backend._backend if isinstance(backend, Guarded) else backend)


def described(plan: Plan) -> str:
    """Return what a plan says of itself."""
    try:
        text = plan.describe()
    except Exception as error:
        text = f"its plan's describe() raised {describe(error)}"
    return text if isinstance(text, str) else f"its plan's describe() gave {shown(text)}"


def unknown_features(problem: Any, protocol: int) -> list[str]:
    """Return the features of a problem that came after this protocol, sorted."""
    features: frozenset[str] = getattr(problem, "features", frozenset())
    return sorted(each for each in features if SINCE.get(each, 1) > protocol)


def _untold(reason: str) -> Status:
    return Status("unavailable", reason, "report this to the plugin's authors")
