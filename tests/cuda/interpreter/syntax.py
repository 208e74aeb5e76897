"""What PTX text is parsed to."""

from __future__ import annotations

from dataclasses import dataclass, field

BYTES = {"b8": 1, "u8": 1, "s8": 1, "pred": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2}
BYTES |= {"b32": 4, "u32": 4, "s32": 4, "f32": 4, "f16x2": 4, "bf16x2": 4}
BYTES |= {"b64": 8, "u64": 8, "s64": 8, "f64": 8, "b128": 16}


class PtxError(Exception):
    """The text is no PTX, or PTX of a kind that the interpreter does not know."""


@dataclass(frozen=True)
class Register:
    name: str


@dataclass(frozen=True)
class Symbol:
    """A variable, a label or a function."""

    name: str


@dataclass(frozen=True)
class Immediate:
    """A number: an integer, or a float given by its bits (`bits` 32 or 64) or in decimals."""

    value: int | float
    bits: int = 0


@dataclass(frozen=True)
class Address:
    base: Register | Symbol | None
    offset: int


@dataclass(frozen=True)
class Vector:
    items: tuple[Operand, ...]


@dataclass(frozen=True)
class Pair:
    """`first|second`: a second result."""

    first: Operand
    second: Operand


@dataclass(frozen=True)
class Negated:
    register: Operand


Operand = Register | Symbol | Immediate | Address | Vector | Pair | Negated


@dataclass(frozen=True)
class Variable:
    name: str
    space: str
    kind: str
    align: int
    size: int
    """In bytes; 0 of an array whose size the launch decides."""
    data: bytes = b""


@dataclass(frozen=True)
class Instruction:
    opcode: str
    modifiers: tuple[str, ...]
    operands: tuple[Operand, ...]
    guard: Operand | None
    text: str
    line: int

    @property
    def name(self) -> str:
        return ".".join((self.opcode, *self.modifiers))


@dataclass(frozen=True)
class Label:
    name: str


@dataclass
class Function:
    name: str
    entry: bool
    results: tuple[Variable, ...] = ()
    parameters: tuple[Variable, ...] = ()
    body: list[Instruction | Label] | None = None
    registers: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    """`maxntid` and the like: the product of the numbers after it."""


def rename(operand: Operand, symbols: dict[str, str], registers: dict[str, str]) -> Operand:
    """Return `operand` with other names in it; those not listed stay."""
    match operand:
        case Symbol(name):
            return Symbol(symbols.get(name, name))
        case Register(name):
            return Register(registers.get(name, name))
        case Address(base, offset) if base is not None:
            renamed = rename(base, symbols, registers)
            assert isinstance(renamed, Register | Symbol)
            return Address(renamed, offset)
        case Vector(items):
            return Vector(tuple(rename(each, symbols, registers) for each in items))
        case Pair(first, second):
            return Pair(rename(first, symbols, registers), rename(second, symbols, registers))
        case Negated(register):
            return Negated(rename(register, symbols, registers))
    return operand
