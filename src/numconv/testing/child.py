"""Makes checks in a process that may die of a kernel's fault.

Called as ``python -m numconv.testing.child``: reads a request and the numbers of its checks from
stdin, and writes what happens as lines of JSON to its first stdout. What anything else
prints goes to stderr.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from typing import Any

from .encoding import to_text
from .verification import Check, Request, checks_of, command, run, shrunk


def main() -> None:
    """Make the checks that stdin asks for."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    faulthandler.enable()
    # An interruption is the parent's to handle: it has what was found so far.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked = json.loads(sys.stdin.read())
    numbers, already = asked.pop("numbers"), {tuple(each) for each in asked.pop("broken")}
    request = Request(**{**asked, "laws": tuple(asked["laws"])})

    def say(**event: Any) -> None:
        channel.write(json.dumps(event) + "\n")

    checks = checks_of(request).checks
    for number in numbers:
        check = checks[number]
        say(begin=number)
        result = run(check)
        say(end=number, result=vars(result))
        kind = (check.algorithm.name, check.law.name)
        if result.state == "broken" and kind not in already:
            already.add(kind)
            say(shrunk=number, **_smallest(check, request))


def _smallest(check: Check, request: Request) -> dict[str, str]:
    smallest = shrunk(check) if request.problem is None else check
    problem = smallest.named.problem
    return {
        "problem": to_text(problem),
        "message": run(smallest).message,
        "command": command(request.backend, check.algorithm.name, check.law.name, problem),
    }


if __name__ == "__main__":
    main()
