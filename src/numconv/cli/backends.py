"""`numconv backends`: where problems can be solved here, and what is missing where not."""

from __future__ import annotations

import click

from ..core import plugins
from ..core.dispatch import tracing
from ..core.plugins import Fault
from ..core.protocol import Backend, Problem
from . import printing
from .brought import brought
from .main import COMMANDS
from .options import JSON


@click.command("backends")
@JSON
def command(as_json: bool) -> None:
    """List the backends, the highest priority first, and the plugins that were set aside."""
    backends = [(each, plugins.status(each)) for each in plugins.backends().values()]
    ready = [each for each, status in backends if status.state != "unavailable"]
    faults = [*plugins.faults(), *_broken(ready), *brought(COMMANDS)[1]]
    if as_json:
        printing.as_json(
            {
                "backends": [
                    {
                        "name": each.name,
                        "device": each.device,
                        "priority": each.priority,
                        "status": status.state,
                        "reason": status.reason,
                        "remedy": status.remedy,
                    }
                    for each, status in backends
                ],
                "faults": [{"plugin": each.plugin, "error": each.error} for each in faults],
            }
        )
        return
    rows = [(each.name, each.device, str(each.priority), status.state) for each, status in backends]
    printing.table(("backend", "device", "priority", "status"), rows)
    for each, status in backends:
        if status.reason or status.remedy:
            advice = "; ".join(filter(None, (status.reason, status.remedy)))
            printing.say(f"{each.name}: {advice}")
    for fault in faults:
        printing.say(f"set aside: plugin {fault.plugin}: {fault.error}")


def _broken(backends: list[Backend]) -> list[Fault]:
    """Ask each backend what a call would ask it, and return what is wrong with the answers."""
    found: dict[Fault, None] = {}
    for backend in backends:
        for problem in _one_of_each_kind():
            try:
                for algorithm in backend.algorithms(problem):
                    if algorithm.refusal(problem) is None:
                        algorithm.cost(problem)
            except Exception as error:
                found[Fault(backend.name, plugins.describe(error))] = None
    return list(found)


def _one_of_each_kind() -> list[Problem]:
    kinds: dict[type, Problem] = {}
    for operator in plugins.operators().values():
        for case in operator.cases():
            with tracing(at_once=True) as traced:
                operator.apply(*case.operands, **case.parameters)
            for each in traced:
                kinds.setdefault(type(each.problem), each.problem)
            if operator.naive:
                break
    return list(kinds.values())
