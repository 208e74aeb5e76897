"""What is compiled: with names of its own, and without threads of Numba's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numconv_cpu


def test_no_kernel_uses_threads_of_numba() -> None:
    """They belong to the caller: to compile a parallel loop would start them."""
    forbidden = re.compile(r"\bprange\b|parallel\s*=")
    sources = Path(numconv_cpu.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if forbidden.search(path.read_text())] == []


def test_no_two_processes_give_kernels_the_same_name() -> None:
    code = (
        "import numconv_cpu.runtime.compile\n"
        "from numba.core.bytecode import FunctionIdentity\n"
        "print(FunctionIdentity.from_function(lambda: None).unique_id)\n"
    )
    numbers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert numbers[0].stdout != numbers[1].stdout


SCRIPT = """
import sys
from numconv_cpu.runtime.compile import kernel

@kernel
def doubled(x):
    return 2 * x

@kernel
def one(x):
    return doubled(x) + 1

@kernel
def two(x):
    return doubled(x) + 2

print(globals()[sys.argv[1]](3.0), sum(doubled.part._cache_hits.values()))
print(len(doubled.overloads), doubled(4.0))
"""


def test_parts_outlive_the_process(run_script: Callable[..., str], tmp_path: Path) -> None:
    """A kernel compiled later is made of the parts that an earlier one left on disk.

    They are not translated by themselves, unless Python calls them as well.
    """
    script = tmp_path / "kernels.py"
    script.write_text(SCRIPT)
    cache = {"NUMCONV_CACHE_DIR": str(tmp_path / "cache")}
    printed = [run_script(script, name, **cache) for name in ("one", "two", "two")]
    rest = "0 8.0\nstatus 0\n"
    assert printed == [f"7.0 0\n{rest}", f"8.0 1\n{rest}", f"8.0 0\n{rest}"]
