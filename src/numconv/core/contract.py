"""What plugins bring, held against the protocol: the types of members, and what they return."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Integral, Real
from typing import Any

from .errors import BackendError, shown
from .optional import (
    Moving,
    Native,
    Placed,
    Roofed,
    Sharing,
    Varied,
    features_of,
    is_last_resort,
    protocol_of,
    uses_transforms,
)
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
_BACKEND_BESIDES = {"memory_name": _WORD, "native": _FUNCTION, "roof": _FUNCTION}
_OPERATOR_BESIDES = {
    "optional": _Kind("a tuple of names", lambda value: not value or _are_names(value)),
    "usual": _Kind("a mapping of parameters", lambda value: isinstance(value, Mapping)),
    "example": _FUNCTION,
}
_PLACED = dict.fromkeys(("holds", "memory", "remedy"), _FUNCTION)
_MOVING = dict.fromkeys(("put", "fetch", "finish"), _FUNCTION)


def backend_faults(item: Any) -> list[str]:
    """Return what is wrong with a backend's members, each in a few words."""
    found = faults(item, BACKEND) + faults(item, _BACKEND_BESIDES, needed=False)
    for ability, kinds in (("Placed", _PLACED), ("Moving", _MOVING)):
        wrong = faults(item, kinds)
        if len(wrong) < len(kinds):  # it has some of the members: all or none
            found += [f"{each}, which one has that is {ability}" for each in wrong]
    return found + protocol_fault(item)


def operator_faults(item: Any) -> list[str]:
    """Return what is wrong with an operator's members, each in a few words."""
    found = faults(item, OPERATOR) + faults(item, _OPERATOR_BESIDES, needed=False)
    return found + protocol_fault(item)


def faults(item: Any, kinds: Mapping[str, _Kind], *, needed: bool = True) -> list[str]:
    """Return which members of `item` are not as they must be; not `needed`, some may lack."""
    found = []
    for name, kind in kinds.items():
        try:
            value = getattr(item, name, _NOTHING)
        except Exception as error:  # of a property
            found.append(f"its {name} raises {describe(error)}")
            continue
        if value is not _NOTHING and not kind.fits(value):
            found.append(f"its {name} is {shown(value)}: expected {kind.words}")
        elif value is _NOTHING and needed:
            found.append(f"it lacks {name}")
    return found


def label(item: Any) -> str:
    """Return the name of a plugin's object, or of its class where it has none."""
    try:
        name = item.name
    except Exception:
        name = None
    return repr(name) if isinstance(name, str) else f"of type {type(item).__name__}"


def protocol_fault(item: Any) -> list[str]:
    """Return what is wrong with the protocol that a backend or an operator was written for."""
    try:
        written = protocol_of(item)
    except Exception as error:  # of a property
        return [f"its protocol raises {describe(error)}"]
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
        self.protocol = int(protocol_of(backend))
        self._backend = backend
        if isinstance(backend, Sharing):
            self.memory_name = backend.memory_name
        if isinstance(backend, Native):
            self.native = backend.native
        if isinstance(backend, Roofed):
            self.roof = backend.roof
        if isinstance(backend, Placed):
            self.holds, self.memory, self.remedy = self._holds, backend.memory, backend.remedy
        if isinstance(backend, Moving):
            self.put, self.fetch, self.finish = backend.put, backend.fetch, backend.finish

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
            wrong += [f"algorithm {label(each)}: {fault}" for fault in faults(each, ALGORITHM)]
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
        self.last_resort = is_last_resort(algorithm)
        self.transforms = uses_transforms(algorithm)
        self._backend, self._algorithm = backend, algorithm
        if isinstance(algorithm, Native):
            self.native = algorithm.native
        if isinstance(algorithm, Varied):
            self.variants = self._variants

    def refusal(self, problem: Problem) -> str | None:
        """Return why the problem is not solved, for the backend where that cannot know it."""
        unknown = unknown_features(problem, self._backend.protocol)
        if unknown:
            written = f"written for protocol {self._backend.protocol}"
            return f"was {written}, which does not know {', '.join(unknown)}"
        found = self._called("refusal", self._algorithm.refusal, problem)
        if found is not None and not (isinstance(found, str) and found):
            raise self._broken(f"refusal(problem) gave {shown(found)}: expected a reason or None")
        return found

    def cost(self, problem: Problem) -> float:
        """Return the estimated seconds of a call."""
        found = self._called("cost", self._algorithm.cost, problem)
        number = isinstance(found, Real) and not isinstance(found, bool)
        if not number or not isfinite(found) or found < 0:
            raise self._broken(f"cost(problem) gave {shown(found)}: expected seconds, 0 or more")
        return float(found)

    def plan(self, problem: Problem) -> Plan:
        """Return the algorithm bound to a problem."""
        found: Plan = self._called("plan", self._algorithm.plan, problem)
        wrong = faults(found, _PLAN)
        if not callable(found):
            wrong.insert(0, f"it is {shown(found)}, which cannot be called")
        if wrong:
            raise self._broken(f"plan(problem): {'; '.join(wrong)}")
        return found

    def _variants(self) -> tuple[tuple[Algorithm, Mapping[str, Problem]], ...]:
        where = f"variants() of algorithm {self.name!r}"
        found = []
        for form, problems in self._backend._called(where, lambda: [*self._algorithm.variants()]):
            wrong = faults(form, ALGORITHM)
            if wrong:
                raise self._broken(f"variants(): {'; '.join(wrong)}")
            found.append((_GuardedAlgorithm(self._backend, form), problems))
        return tuple(found)

    def _called(self, member: str, function: Callable[..., Any], problem: Problem) -> Any:
        where = f"{member}(problem) of algorithm {self.name!r}"
        return self._backend._called(where, function, problem)

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
    return sorted(each for each in features_of(problem) if SINCE.get(each, 1) > protocol)


def _untold(reason: str) -> Status:
    return Status("unavailable", reason, "report this to the plugin's authors")
