"""Do results keep their bits? A digest of what every algorithm makes of every problem.

    python tests/conformance/digest.py cpu > before.json
    python tests/conformance/digest.py cpu --against before.json

The first writes a digest of each result of a backend, on the problems of ``verify --level full``;
the second says which are others now, and ends with status 1 if any is. Bits depend on the
processor's vector unit: compare on one, or set NUMCONV_SIMD both times.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from numconv.core import plugins
from numconv.testing.catalogue import problems_of
from numconv.testing.checks import solve
from numconv.testing.operands import random_operands


def digests(backend: str) -> dict[str, str]:
    """Return the digest of each result, by case and algorithm."""
    found = {}
    for named in problems_of("full"):
        problem = named.problem
        operands = None
        for algorithm in plugins.backend(backend).algorithms(problem):
            if algorithm.refusal(problem) is None:
                operands = operands or random_operands(problem)
                result = solve(problem, algorithm, operands)
                key = f"{named.operator}/{named.case} {algorithm.name}"
                found[key] = hashlib.sha256(result.tobytes()).hexdigest()[:16]
    return found


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return what is another result, what is missing and what is new, a line each."""
    lines = [f"other bits: {key}" for key in before if now.get(key, before[key]) != before[key]]
    lines += [f"missing: {key}" for key in before if key not in now]
    return lines + [f"new: {key}" for key in now if key not in before]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("backend")
    parser.add_argument("--against", type=Path, help="what an earlier run wrote")
    given = parser.parse_args()
    now = digests(given.backend)
    if given.against is None:
        print(json.dumps(now, indent=0))
        return 0
    lines = differences(json.loads(given.against.read_text()), now)
    print(*lines, f"{len(now)} results, {len(lines)} differences", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
