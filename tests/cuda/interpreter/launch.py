"""A kernel made ready for one launch: registers, memory, and a Python function per instruction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import instructions
from .formats import TYPES, Type
from .machine import Block, Control, Index, Step, run_grid
from .memory import LOCAL, SHARED, LocalRegion, Memory
from .program import Program
from .report import Access, Array, Report
from .shared import SharedRegion
from .syntax import (
    BYTES,
    Address,
    Immediate,
    Instruction,
    Negated,
    Operand,
    PtxError,
    Register,
    Symbol,
    Variable,
    Vector,
)

# Between shared arrays, so that an index beyond the end of one is not in the next; as a multiple of
# 128 it leaves the banks as they are.
_GAP = 1024
_MOST_SHARED = 227 * 1024


class Launch:
    """What the instructions of a kernel are bound to."""

    def __init__(
        self,
        program: Program,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        args: Sequence[Any],
        shared_bytes: int,
    ) -> None:
        self.program = program
        self.grid = grid
        self.shape = block
        self.threads = block[0] * block[1] * block[2]
        most = program.kernel.limits.get("maxntid", 1024)
        if not 1 <= self.threads <= most:
            raise ValueError(f"block must have 1 to {most} threads, got {block}")
        if not (min(grid) > 0 and grid[0] < 2**31 and max(grid[1:]) < 2**16):
            raise ValueError(f"grid must be within (2**31 - 1, 65535, 65535), got {grid}")
        self.ids = np.arange(self.threads)
        self.report = Report(readable(program.kernel.name))
        self.memory = Memory(self.report)
        self.registers: dict[str, Array] = {}
        self.constants: dict[tuple[Any, str], Array] = {}
        self.copies = instructions.Copies(self.threads)
        self.carry = np.zeros(self.threads, bool)
        self.special(shared_bytes)
        for name, kind in program.registers.items():
            self.registers[name] = self.register(kind)
        self.symbols: dict[str, int] = {}
        self.place_variables(shared_bytes)
        self.place_parameters(args)
        self.build()

    def register(self, kind: str) -> Array:
        """All bits set: NaN as a float, -1 as an integer, outside of everything as an address."""
        if kind == "pred":
            return np.zeros(self.threads, bool)
        if kind == "b128":
            return np.full((self.threads, 2), -1).view(np.uint64)
        unsigned = TYPES[f"u{8 * BYTES[kind]}"].dtype
        return np.full(self.threads, np.iinfo(unsigned).max, unsigned)

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
            values[f"%nctaid.{name}"] = self.grid[axis]
            values[f"%ctaid.{name}"] = 0
        for name, value in values.items():
            self.registers[name] = np.full(self.threads, value, np.uint32)
        self.registers["%clock64"] = np.zeros(self.threads, np.uint64)

    def place_variables(self, shared_bytes: int) -> None:
        """Give each variable that the code names an address, as `mov` would show it."""
        used = {name for each in self.program.code for name in _symbols(each.operands)}
        used -= self.kernel_parameters
        found = [each for name, each in self.program.variables.items() if name in used]
        shared = [each for each in found if each.space == "shared"]
        local = 0
        for variable in found:
            if variable.space in ("global", "const"):
                data = np.frombuffer(variable.data.ljust(variable.size, b"\0"), np.uint8).copy()
                place = (variable.name, variable.space, data, variable.space == "global")
                self.symbols[variable.name] = self.memory.add(*place)
            elif variable.space in ("local", "param"):
                local = -(-local // variable.align) * variable.align
                self.symbols[variable.name] = local
                local += variable.size
        self.local = LocalRegion(-(-local // 16) * 16, self.threads)
        self.memory.add_window(self.local)
        self.shared = self.place_shared(shared, shared_bytes)
        self.memory.add_window(self.shared)

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

    def place_parameters(self, args: Sequence[Any]) -> None:
        parameters = self.program.kernel.parameters
        if len(args) != len(parameters):
            raise TypeError(
                f"{self.program.kernel.name} takes {len(parameters)} arguments, got {len(args)}"
            )
        block = b""
        places = []
        for number, (parameter, value) in enumerate(zip(parameters, args, strict=True)):
            if isinstance(value, np.ndarray):
                value = self.memory.pointer(value, f"argument {number}")
            block = block.ljust(-(-len(block) // parameter.align) * parameter.align, b"\0")
            places.append(len(block))
            block += _bytes(parameter, value, number)
        start = self.memory.add("parameters", "param", np.frombuffer(block, np.uint8), False)
        for parameter, place in zip(parameters, places, strict=True):
            self.symbols[parameter.name] = start + place

    def build(self) -> None:
        self.code: list[Step | Control] = []
        unknown = {}
        for instruction in self.program.code:
            try:
                self.code.append(instructions.build(self, instruction))
            except instructions.UnknownError as error:
                unknown[str(error)] = instruction
        if unknown:
            told = "; ".join(f"{why} (line {each.line})" for why, each in unknown.items())
            raise PtxError(f"{self.program.kernel.name} has unknown instructions: {told}")
        self.code.append(instructions.END)

    def run(self) -> None:
        code = self.program.code
        texts = [f"{each.text!r} (line {each.line})" for each in code]
        block = Block(self.code, [*texts, "its end"], self.threads, self.shared)
        try:
            run_grid(
                block,
                self.report,
                self.grid,
                self.begin,
                lambda at, thread: self.where(block.texts[at], thread),
            )
        finally:
            for instruction, count, issued in zip(code, block.counts, block.issued, strict=False):
                if count:
                    self.report.instructions[instruction.name] += count
                    self.report.issued[instruction.name] += issued
            self.report.global_distinct = self.memory.distinct()
            accesses = self.report.accesses
            self.report.accesses = [each for each in accesses if each.requests]

    def begin(self, place: tuple[int, int, int]) -> None:
        for axis, name in enumerate("xyz"):
            self.registers[f"%ctaid.{name}"][:] = place[axis]
        self.memory.watching = place == (0, 0, 0)
        self.shared.clear()
        self.local.clear()
        self.copies.clear()

    def where(self, text: str, thread: int) -> str:
        x, y, _ = self.shape
        place = (int(thread % x), int(thread // x % y), int(thread // (x * y)))
        return f"{self.report.kernel}: {text}: thread {place}"

    # What instructions ask for as they are built.

    def label(self, operand: Operand) -> int:
        if not isinstance(operand, Symbol) or operand.name not in self.program.labels:
            raise PtxError(f"{operand} is no label")
        return self.program.labels[operand.name]

    def bits(self, operand: Operand) -> int | None:
        """Return the width of a register; None of other operands."""
        if not isinstance(operand, Register) or operand.name not in self.registers:
            return None
        register = self.registers[operand.name]
        return 1 if register.dtype == bool else register.nbytes // self.threads * 8

    def source(self, operand: Operand, kind: Type, *, exact: bool = True) -> Array:
        """Return values of all threads: of a register always the present ones.

        Unless `exact`, the register may be wider than `kind`: its lowest bits count.
        """
        if isinstance(operand, Register):
            if exact and self.bits(operand) not in (None, kind.bits):
                bits = self.bits(operand)
                raise PtxError(f"{operand.name} has {bits} bits, and .{kind.name} {kind.bits}")
            return self.view(operand, kind)
        if isinstance(operand, Symbol) and operand.name in self.symbols:
            return self.constant(self.symbols[operand.name], TYPES[f"u{kind.bits}"])
        if isinstance(operand, Immediate):
            return self.constant(_immediate(operand, kind), kind)
        raise PtxError(f"{operand} is no value of type .{kind.name}")

    def constant(self, value: int | bool, kind: Type) -> Array:
        key = (value, kind.name)
        if key not in self.constants:
            if kind.name == "pred":
                self.constants[key] = np.full(self.threads, bool(value))
            else:
                size = kind.bytes
                pattern = (int(value) % 256**size).to_bytes(size, "little")
                values = np.frombuffer(pattern * self.threads, kind.dtype)
                self.constants[key] = values.reshape(-1, 2) if kind.lanes == 2 else values
        return self.constants[key]

    def view(self, operand: Operand, kind: Type) -> Array:
        """Return a register as values of `kind`; its lowest bits if it is wider."""
        bits = self.bits(operand)
        if bits is None:
            raise PtxError(f"{operand} is no register")
        assert isinstance(operand, Register)
        register = self.registers[operand.name]
        if bits == kind.bits:
            view = register.view(kind.dtype)
            return view.reshape(self.threads, 2) if kind.lanes == 2 else view
        if bits < kind.bits or kind.lanes == 2 or 1 in (bits, kind.bits):
            raise PtxError(f"{operand.name} has {bits} bits, and .{kind.name} {kind.bits}")
        return register.view(kind.dtype)[:: bits // kind.bits]

    def target(self, operand: Operand, kind: Type) -> Array:
        """Return what results of `kind` are assigned to: extended if the register is wider."""
        if operand == Symbol("_"):
            shape = (self.threads, 2) if kind.lanes == 2 else (self.threads,)
            return np.empty(shape, kind.dtype)
        bits = self.bits(operand)
        if bits is not None and kind.name != "pred" and bits > kind.bits:
            if kind.dtype.kind == "f":
                raise PtxError(f"{operand} has {bits} bits, and .{kind.name} {kind.bits}")
            return self.view(operand, TYPES[("s" if kind.name[0] == "s" else "u") + str(bits)])
        return self.view(operand, kind)

    def predicate(self, operand: Operand) -> Callable[[Index], Array]:
        if isinstance(operand, Negated):
            values = self.source(operand.register, TYPES["pred"])
            return lambda index: ~values[index]
        values = self.source(operand, TYPES["pred"])
        return lambda index: values[index]

    def addresses(self, operand: Operand, space: str) -> Callable[[Index], Array]:
        """Return generic addresses, given those of `space` ("" for generic ones)."""
        if not isinstance(operand, Address):
            raise PtxError(f"{operand} is no address")
        window = {"shared": SHARED, "local": LOCAL}.get(space, 0)
        if isinstance(operand.base, Symbol):
            name = operand.base.name
            if name not in self.symbols:
                raise PtxError(f"{name} is not declared")
            variable = self.program.variables.get(name)
            if space == "param" and variable is not None and name not in self.kernel_parameters:
                window = LOCAL
            fixed = self.constant(window + self.symbols[name] + operand.offset, TYPES["u64"])
            return lambda index: fixed[index]
        offset = np.uint64((window + operand.offset) % 2**64)
        if operand.base is None:
            fixed = self.constant(int(offset), TYPES["u64"])
            return lambda index: fixed[index]
        base = self.view(operand.base, TYPES[f"u{self.bits(operand.base) or 64}"])
        if base.dtype == np.uint64:
            return lambda index: base[index] + offset
        return lambda index: base[index].astype(np.uint64) + offset

    @property
    def kernel_parameters(self) -> set[str]:
        return {each.name for each in self.program.kernel.parameters}

    def access(self, instruction: Instruction) -> Access:
        found = Access(f"{instruction.text} (line {instruction.line})", "")
        self.report.accesses.append(found)
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


def _immediate(operand: Immediate, kind: Type) -> int:
    """Return the bits of a number as a value of `kind`."""
    value: Any = operand.value
    if operand.bits:
        if not kind.is_float or operand.bits == kind.bits:
            return int(value)
        value = (
            np.uint32(value).view(np.float32)
            if operand.bits == 32
            else np.uint64(value).view(np.float64)
        )
    elif not kind.is_float or (isinstance(value, int) and kind.lanes == 2):
        if isinstance(value, float):
            raise PtxError(f"{value} is no value of type .{kind.name}")
        return int(value)
    if kind.is_brain or kind.lanes == 2:
        raise PtxError(f"{value} is no value of type .{kind.name}")
    with np.errstate(all="ignore"):
        return int.from_bytes(np.asarray(value).astype(kind.dtype).tobytes(), "little")


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
