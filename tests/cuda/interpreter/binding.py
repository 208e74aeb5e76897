"""What operands of instructions are bound to: registers, numbers, addresses of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .formats import TYPES, Type
from .machine import Index
from .memory import LOCAL, SHARED
from .program import Program
from .report import Array
from .syntax import BYTES, Address, Immediate, Negated, Operand, PtxError, Register, Symbol


class Operands:
    """Registers of all threads of a block, and where variables are."""

    def __init__(self, program: Program, threads: int) -> None:
        self.program = program
        self.threads = threads
        self.constants: dict[tuple[Any, str], Array] = {}
        self.symbols: dict[str, int] = {}
        """What `mov` gives for a variable: an address of its own state space."""
        self.registers: dict[str, Array] = {}
        self.place_registers()

    def place_registers(self) -> None:
        """Lay all registers side by side, so that all are set at once: wide ones, then bits."""
        kinds = self.program.registers
        every = np.empty(self.threads * sum(BYTES[kind] for kind in kinds.values()), np.uint8)
        at = 0
        for name, kind in sorted(kinds.items(), key=lambda each: _order(each[1])):
            held = every[at : at + self.threads * BYTES[kind]]
            at += len(held)
            if kind == "b128":
                self.registers[name] = held.view(np.uint64).reshape(self.threads, 2)
            elif kind == "pred":
                self.registers[name] = held.view(bool)
            else:
                self.registers[name] = held.view(TYPES[f"u{8 * BYTES[kind]}"].dtype)
        bits = self.threads * list(kinds.values()).count("pred")
        self.wide, self.bits_of_threads = every[: len(every) - bits], every[len(every) - bits :]

    def forget(self) -> None:
        """Set all bits: NaN as a float, -1 as an integer, outside of everything as an address."""
        self.wide.fill(255)
        self.bits_of_threads.fill(0)

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


def _order(kind: str) -> tuple[bool, int]:
    return kind == "pred", -BYTES[kind]


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
