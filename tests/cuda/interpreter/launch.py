"""A kernel made ready for launches: registers, memory, and a Python function per instruction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from . import instructions
from .binding import Operands
from .machine import Block, Code, Control, Step
from .memory import LocalRegion, Memory
from .program import Program
from .report import Access, Array, Fault, Report, Trouble
from .shared import SharedRegion
from .syntax import (
    BYTES,
    Address,
    Instruction,
    Operand,
    PtxError,
    Symbol,
    Variable,
    Vector,
)

# Between shared arrays, so that an index beyond the end of one is not in the next; as a multiple of
# 128 it leaves the banks as they are.
_GAP = 1024
_MOST_SHARED = 227 * 1024


class Inside(NamedTuple):
    """An argument that points to a byte within an array."""

    array: np.ndarray[Any, Any]
    at: int


class Launch(Operands):
    """What the instructions of a kernel are bound to, and the running of its blocks.

    One launch after the other, of blocks of one shape: what each of them begins with is the same.
    """

    def __init__(self, program: Program, block: tuple[int, int, int], shared_bytes: int) -> None:
        super().__init__(program, block[0] * block[1] * block[2])
        self.shape = block
        most = program.kernel.limits.get("maxntid", 1024)
        if not 1 <= self.threads <= most:
            raise ValueError(f"block must have 1 to {most} threads, got {block}")
        self.ids = np.arange(self.threads)
        self.report = Report("")
        self.accesses: list[Access] = []
        self.copies = instructions.Copies(self.threads)
        self.carry = np.zeros(self.threads, bool)
        self.special(shared_bytes)
        self.place_variables(shared_bytes)
        self.place_parameters()
        self.place_data()
        self.build()

    def special(self, shared_bytes: int) -> None:
        x, y, _ = self.shape
        values: dict[str, Any] = {
            "%tid.x": self.ids % x,
            "%tid.y": self.ids // x % y,
            "%tid.z": self.ids // (x * y),
            "%laneid": self.ids % 32,
            "%warpid": self.ids // 32,
            "%nwarpid": -(-self.threads // 32),
            "%dynamic_smem_size": shared_bytes,
            "%smid": 0,
            "%nsmid": 1,
            "%gridid": 0,
            "%clock": 0,
            "%lanemask_eq": 1 << self.ids % 32,
            "%lanemask_lt": (1 << self.ids % 32) - 1,
            "%lanemask_le": (2 << self.ids % 32) - 1,
            "%lanemask_gt": (2**32 - (2 << self.ids % 32)) % 2**32,
            "%lanemask_ge": 2**32 - (1 << self.ids % 32),
        }
        for axis, name in enumerate("xyz"):
            values[f"%ntid.{name}"] = self.shape[axis]
            values[f"%nctaid.{name}"] = values[f"%ctaid.{name}"] = 0
        for name, value in values.items():
            self.registers[name] = np.full(self.threads, value, np.uint32)
        self.registers["%clock64"] = np.zeros(self.threads, np.uint64)

    def place_variables(self, shared_bytes: int) -> None:
        """Give each variable that the code names an address, as `mov` would show it."""
        used = {name for each in self.program.code for name in _symbols(each.operands)}
        used -= self.kernel_parameters
        found = [each for name, each in self.program.variables.items() if name in used]
        shared = [each for each in found if each.space == "shared"]
        self.data = [each for each in found if each.space in ("global", "const")]
        local = 0
        for variable in found:
            if variable.space in ("local", "param"):
                local = -(-local // variable.align) * variable.align
                self.symbols[variable.name] = local
                local += variable.size
        self.local = LocalRegion(-(-local // 16) * 16, self.threads)
        self.shared = self.place_shared(shared, shared_bytes)
        self.memory = Memory(self.local, self.shared)

    def place_shared(self, variables: list[Variable], shared_bytes: int) -> SharedRegion:
        end, opened = 0, []
        total = sum(each.size for each in variables) + shared_bytes
        if total > _MOST_SHARED:
            raise ValueError(f"{total} bytes of shared memory, and no device has {_MOST_SHARED}")
        for variable in sorted(variables, key=lambda each: each.size == 0):
            # All arrays without a size begin at the same place, after the others.
            end = -(-end // variable.align) * variable.align
            self.symbols[variable.name] = end
            opened.append((end, variable.size or shared_bytes))
            if variable.size:
                end += -(-variable.size // 128) * 128 + _GAP
        size = -(-(end + shared_bytes) // 128) * 128
        granule = min([16, *(each for each in map(self.shared_access, self.program.code) if each)])
        region = SharedRegion(size, granule, self.threads)
        for start, length in opened:
            region.open(start, length)
        region.clear()
        return region

    def shared_access(self, instruction: Instruction) -> int:
        """Return how many bytes of shared memory `instruction` may use at once; 0 for none."""
        if instruction.opcode == "cp":
            return 4
        if instruction.opcode not in ("ld", "st", "atom", "red"):
            return 0
        if {"global", "local", "param", "const"} & set(instruction.modifiers):
            return 0
        sizes = [BYTES[each] for each in instruction.modifiers if each in BYTES]
        return sizes[-1] * {"v2": 2, "v4": 4}.get(
            next((each for each in instruction.modifiers if each in ("v2", "v4")), ""), 1
        )

    def place_parameters(self) -> None:
        end, self.places = 0, []
        for parameter in self.program.kernel.parameters:
            self.places.append(-(-end // parameter.align) * parameter.align)
            end = self.places[-1] + parameter.size
        self.parameters = np.zeros(end, np.uint8)

    def parameter(self, operand: Operand, dtype: np.dtype[Any], lanes: int) -> Array | None:
        """Return the values at an address, if they are of a parameter and the same for all."""
        if not isinstance(operand, Address) or not isinstance(operand.base, Symbol):
            return None
        for parameter, place in zip(self.program.kernel.parameters, self.places, strict=True):
            size, at = dtype.itemsize * lanes, place + operand.offset
            inside = 0 <= operand.offset <= parameter.size - size
            if parameter.name == operand.base.name and inside and at % size == 0:
                return self.parameters[at : at + size].view(dtype)
        return None

    def place_data(self) -> None:
        """Add variables as they are at first, and parameters: at the same addresses each time."""
        for variable in self.data:
            data = np.frombuffer(variable.data.ljust(variable.size, b"\0"), np.uint8).copy()
            place = (variable.name, variable.space, data, variable.space == "global")
            self.symbols[variable.name] = self.memory.add(*place)
        start = self.memory.add("parameters", "param", self.parameters, False)
        for parameter, place in zip(self.program.kernel.parameters, self.places, strict=True):
            self.symbols[parameter.name] = start + place

    def place_arguments(self, args: Sequence[Any]) -> None:
        parameters = self.program.kernel.parameters
        if len(args) != len(parameters):
            raise TypeError(
                f"{self.program.kernel.name} takes {len(parameters)} arguments, got {len(args)}"
            )
        for number, (parameter, value) in enumerate(zip(parameters, args, strict=True)):
            if isinstance(value, np.ndarray):
                value = self.memory.pointer(value, f"argument {number}")
            elif isinstance(value, Inside):
                value = self.memory.pointer(value.array, f"argument {number}") + value.at
            data, place = _bytes(parameter, value, number), self.places[number]
            self.parameters[place : place + len(data)] = np.frombuffer(data, np.uint8)

    def build(self) -> None:
        steps: list[Step | Control] = []
        unknown = {}
        for instruction in self.program.code:
            try:
                steps.append(instructions.build(self, instruction))
            except instructions.UnknownError as error:
                unknown[str(error)] = instruction
        if unknown:
            told = "; ".join(f"{why} (line {each.line})" for why, each in unknown.items())
            raise PtxError(f"{self.program.kernel.name} has unknown instructions: {told}")
        steps.append(instructions.END)
        texts = [f"{each.text!r} (line {each.line})" for each in self.program.code]
        self.code = Code(steps, [*texts, "its end"])
        self.names = [each.name for each in self.program.code]

    def run(self, grid: tuple[int, int, int], args: Sequence[Any], watched: bool) -> Report:
        """Run the blocks of a grid; `watched` says whether to look at how memory is reached."""
        if not (min(grid) > 0 and grid[0] < 2**31 and max(grid[1:]) < 2**16):
            raise ValueError(f"grid must be within (2**31 - 1, 65535, 65535), got {grid}")
        self.report = Report(readable(self.program.kernel.name))
        self.memory.begin(self.report)
        self.place_data()
        self.place_arguments(args)
        self.carry[:] = False
        for axis, name in enumerate("xyz"):
            self.registers[f"%nctaid.{name}"][:] = grid[axis]
        block = Block(self.code, self.threads, self.shared)
        try:
            for z, y, x in np.ndindex(grid[::-1]):
                self.begin((x, y, z))
                self.memory.watching = watched and (x, y, z) == (0, 0, 0)
                block.run()
                self.report.blocks += 1
        except Trouble as trouble:
            where = self.where(block.texts[block.at], trouble.thread or 0)
            raise Fault(f"{where}, block {(x, y, z)}: {trouble}") from None
        finally:
            self.tell(block)
            # Nothing of the caller's is held until the next launch.
            self.memory.begin(Report(""))
        return self.report

    def tell(self, block: Block) -> None:
        """Put into the report what the blocks did."""
        for name, count, issued in zip(self.names, *block.counts(), strict=False):
            if count:
                self.report.instructions[name] += count
                self.report.issued[name] += issued
        self.report.global_distinct = self.memory.distinct()
        for each in self.accesses:
            if each.requests:
                self.report.accesses.append(replace(each))
                each.requests = each.transactions = each.least = 0

    def begin(self, place: tuple[int, int, int]) -> None:
        for axis, name in enumerate("xyz"):
            self.registers[f"%ctaid.{name}"][:] = place[axis]
        self.forget()
        self.shared.clear()
        self.local.clear()
        self.copies.clear()

    def where(self, text: str, thread: int) -> str:
        x, y, _ = self.shape
        place = (int(thread % x), int(thread // x % y), int(thread // (x * y)))
        return f"{self.report.kernel}: {text}: thread {place}"

    def access(self, instruction: Instruction) -> Access:
        found = Access(f"{instruction.text} (line {instruction.line})")
        self.accesses.append(found)
        return found


def readable(name: str) -> str:
    """Return the last part of a mangled name, `_ZN5tests5saxpyB2v1...`, and others as they are."""
    if not name.startswith("_ZN"):
        return name
    at, part = 3, name
    while (found := re.match(r"\d+", name[at:])) is not None:
        start = at + len(found[0])
        at = start + int(found[0])
        part = name[start:at]
    return part


def _symbols(operands: Sequence[Operand | None]) -> list[str]:
    found = []
    for operand in operands:
        if isinstance(operand, Symbol):
            found.append(operand.name)
        elif isinstance(operand, Address):
            found += _symbols([operand.base])
        elif isinstance(operand, Vector):
            found += _symbols(operand.items)
    return found


def _bytes(parameter: Variable, value: Any, number: int) -> bytes:
    """Return an argument as the bytes of its parameter."""
    if isinstance(value, np.generic):
        data = value.tobytes()
    elif isinstance(value, bytes):
        data = value
    elif isinstance(value, float):
        data = np.array(value, f"f{parameter.size}").tobytes()
    elif isinstance(value, int):
        data = (value % 256**parameter.size).to_bytes(parameter.size, "little")
    else:
        raise TypeError(f"argument {number}: expected an array or a scalar, got {value!r}")
    if len(data) != parameter.size:
        raise TypeError(
            f"argument {number} has {len(data)} bytes, and {parameter.name} {parameter.size}"
        )
    return data
