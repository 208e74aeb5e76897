"""What is compiled: with names of its own, and without threads of Numba's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numconv_cpu


def test_no_kernel_uses_threads_of_numba() -> None:
    """They belong to the caller: to compile a parallel loop would start them."""
    forbidden = re.compile(r"\bprange\b|parallel\s*=")
    sources = Path(numconv_cpu.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if forbidden.search(path.read_text())] == []


def test_no_two_processes_give_kernels_the_same_name() -> None:
    code = (
        "import numconv_cpu.compile\n"
        "from numba.core.bytecode import FunctionIdentity\n"
        "print(FunctionIdentity.from_function(lambda: None).unique_id)\n"
    )
    numbers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert numbers[0].stdout != numbers[1].stdout
