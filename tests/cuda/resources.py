"""What a kernel takes of a GPU, found without one: PTX is assembled, and the result is taken apart.

It needs `cuda.core` and nvJitLink, which come with numba-cuda; counts of machine instructions need
`nvdisasm` besides.
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_USED = re.compile(r"Used (\d+) registers")
_SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
# /*0010*/  @!P0 LDG.E.128 R4, [R2.64] ;
_LINE = re.compile(r"/\*[0-9a-f]{4,}\*/\s+(?:\{\s*)?(?:@!?U?P[T\d]\s+)?([A-Z][\w.]*)")


@dataclass(frozen=True)
class Resources:
    """Registers of a thread; spills and stack in bytes; static shared memory of a block."""

    arch: str
    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    shared: int
    instructions: Counter[str] = field(default_factory=Counter)
    """Machine instructions in the code, not as often as they are executed."""

    def count(self, *opcodes: str) -> int:
        """Return how many machine instructions are these, or these with further modifiers."""
        return sum(
            number
            for name, number in self.instructions.items()
            if any(name == each or name.startswith(each + ".") for each in opcodes)
        )

    @property
    def wide_loads(self) -> int:
        """128-bit loads from global memory."""
        return sum(
            number
            for name, number in self.instructions.items()
            if name.startswith("LDG.") and ".128" in name
        )

    @property
    def double(self) -> int:
        """Arithmetic in float64: in a float32 kernel always a mistake."""
        named = self.count("DADD", "DMUL", "DFMA", "DSETP", "DMNMX", "DMMA")
        converted = [name for name in self.instructions if re.match(r"[FI]2F.*F64|F2I.*F64", name)]
        return named + sum(self.instructions[each] for each in converted)

    @property
    def local(self) -> int:
        """Loads and stores of local memory: spills, or arrays that are not in registers."""
        return self.count("LDL", "STL")


def measure(ptx: str, arch: str, *, disassembled: bool = True) -> Resources:
    """Assemble a module with one kernel for `arch` ("sm_90") and return what it takes.

    `ptx` must be compiled for that capability or a lower one.
    """
    cubin, log = assemble(ptx, arch)
    used, spills = _USED.findall(log), _SPILLS.findall(log)
    if len(used) != 1 or not spills:
        raise ValueError(f"expected a module with one kernel, and ptxas says:\n{log}")
    stack, stores, loads = (max(int(each[i]) for each in spills) for i in range(3))
    # The log leaves out visible shared arrays, such as Numba's; from sm_90 on their section begins
    # with the kilobyte that the system takes.
    sizes = [size for name, size in sections(cubin) if name.startswith(".nv.shared.")]
    shared = sum(sizes) - (1024 * len(sizes) if int(arch[3:].rstrip("af")) >= 90 else 0)
    counts = Counter(disassemble(cubin)) if disassembled else Counter()
    return Resources(arch, int(used[0]), stack, stores, loads, shared, counts)


def assemble(ptx: str, arch: str) -> tuple[bytes, str]:
    """Return the cubin and what ptxas says of it."""
    from cuda.core import Linker, LinkerOptions, ObjectCode

    options = LinkerOptions(arch=arch, ptxas_options=["-v"])
    linker = Linker(ObjectCode.from_ptx(ptx.encode()), options=options)
    cubin = linker.link("cubin")
    return bytes(cubin.code), str(linker.get_info_log())


def sections(cubin: bytes) -> list[tuple[str, int]]:
    """Return names and sizes of the sections of a cubin, which is a 64-bit ELF file."""
    start, size, count, names = struct.unpack_from("<40xQ10xHHH", cubin)[0:4]
    headers = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    text = headers[names][4]
    found = []
    for name, _, _, _, _, length in headers:
        end = cubin.index(b"\0", text + name)
        found.append((cubin[text + name : end].decode(), length))
    return found


def nvdisasm() -> str | None:
    """Return where NVIDIA's disassembler is, if it is installed."""
    try:
        from cuda.pathfinder import find_nvidia_binary_utility
    except ImportError:
        return None
    found = find_nvidia_binary_utility("nvdisasm")
    return str(found) if found else None


def disassemble(cubin: bytes) -> list[str]:
    """Return the opcodes of a cubin with their modifiers, `LDG.E.128.CONSTANT`."""
    tool = nvdisasm()
    if tool is None:
        raise FileNotFoundError("nvdisasm is not installed: pip install nvidia-cuda-nvdisasm")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(cubin)
        # Without the analysis of the flow of data, which nobody reads here.
        command = [tool, "-ndf", "-c", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return _LINE.findall(done.stdout)


_LIMITS = {"sm_75": (32, 64, 16, 0), "sm_80": (64, 164, 32, 1), "sm_90": (64, 228, 32, 1)}
_LIMITS["sm_100"] = _LIMITS["sm_90"]


def occupancy(arch: str, threads: int, registers: int, shared: int) -> float:
    """Return how many of a multiprocessor's warps can be busy at once, as a fraction.

    `shared` is all of a block's shared memory in bytes, static and dynamic. Of the limits in the
    CUDA programming guide: registers are given out to a warp by 256, of 65,536; from sm_80 on the
    system takes 1 KB of shared memory for each block.
    """
    warps, kilobytes, blocks, reserved = _LIMITS[arch]
    needed = -(-threads // 32)
    by_registers = 65536 // (-(-registers * 32 // 256) * 256) // needed
    by_shared = kilobytes * 1024 // max(shared + reserved * 1024, 1)
    return min(blocks, warps // needed, by_registers, by_shared) * needed / warps
