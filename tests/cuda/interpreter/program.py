"""A kernel as one list of instructions: calls are replaced by the functions that they call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .syntax import (
    Function,
    Instruction,
    Label,
    Operand,
    PtxError,
    Register,
    Symbol,
    Variable,
    Vector,
    rename,
)

_LONGEST = 200_000


@dataclass
class Program:
    kernel: Function
    code: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    registers: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)


def flatten(
    kernel: Function, functions: dict[str, Function], variables: dict[str, Variable]
) -> Program:
    """Return `kernel` with a copy of every function in the place of each call to it.

    So registers and stack of a call are its own without a stack of calls; recursion is refused.
    """
    program = Program(kernel, variables=dict(variables))
    _append(program, kernel, functions, {}, {}, "", (kernel.name,))
    return program


def _append(
    program: Program,
    function: Function,
    functions: dict[str, Function],
    symbols: dict[str, str],
    registers: dict[str, str],
    prefix: str,
    callers: tuple[str, ...],
) -> None:
    """Append `function`; what `symbols` and `registers` name are the caller's arguments."""
    symbols, registers = dict(symbols), dict(registers)
    for name, kind in function.registers.items():
        if name not in registers:
            registers[name] = prefix + name
            program.registers[prefix + name] = kind
    for name, variable in function.variables.items():
        if name not in symbols:
            # Shared, global and constant variables of a function are the same ones in all calls.
            own = variable.space in ("local", "param")
            symbols[name] = (prefix if own else function.name + "/") + name
            program.variables[symbols[name]] = replace(variable, name=symbols[name])
    for name, targets in function.tables.items():
        program.tables[prefix + name] = tuple(prefix + each for each in targets)
    labels = {each.name for each in function.body or () if isinstance(each, Label)}
    symbols |= {name: prefix + name for name in (*labels, *function.tables)}
    end = prefix + "end of " + function.name
    for statement in function.body or ():
        if isinstance(statement, Label):
            program.labels[prefix + statement.name] = len(program.code)
            continue
        operands = tuple(rename(each, symbols, registers) for each in statement.operands)
        guard = statement.guard and rename(statement.guard, symbols, registers)
        instruction = replace(statement, operands=operands, guard=guard)
        if instruction.opcode == "call":
            _call(program, instruction, functions, prefix, callers)
        elif instruction.opcode == "ret" and not function.entry:
            program.code.append(
                replace(instruction, opcode="bra", modifiers=(), operands=(Symbol(end),))
            )
        else:
            program.code.append(instruction)
        if len(program.code) > _LONGEST:
            raise PtxError(f"{program.kernel.name} has more than {_LONGEST} instructions")
    program.labels[end] = len(program.code)


def _call(
    program: Program,
    call: Instruction,
    functions: dict[str, Function],
    prefix: str,
    callers: tuple[str, ...],
) -> None:
    names = [each for each in call.operands if isinstance(each, Symbol)]
    groups = [each.items for each in call.operands if isinstance(each, Vector)]
    callee = functions.get(names[0].name) if names else None
    if callee is None or callee.body is None:
        # Of a printing or failing branch, most often: an error only if it is reached.
        program.code.append(replace(call, modifiers=()))
        return
    if callee.name in callers:
        raise PtxError(f"{callee.name} calls itself: {call.text!r}")
    results: tuple[Operand, ...] = groups.pop(0) if callee.results else ()
    arguments: tuple[Operand, ...] = groups.pop(0) if groups else ()
    formal = (*callee.results, *callee.parameters)
    actual = (*results, *arguments)
    if len(formal) != len(actual):
        raise PtxError(f"{call.text!r}: {len(formal)} arguments expected, {len(actual)} given")
    symbols: dict[str, str] = {}
    registers: dict[str, str] = {}
    for variable, operand in zip(formal, actual, strict=True):
        if not isinstance(operand, Register if variable.space == "reg" else Symbol):
            raise PtxError(f"{call.text!r}: expected variables of .{variable.space}")
        (registers if variable.space == "reg" else symbols)[variable.name] = operand.name
    if call.guard is not None:
        raise PtxError(f"{call.text!r}: calls under a predicate are not known")
    inner = f"{prefix}call {len(program.code)}/"
    _append(program, callee, functions, symbols, registers, inner, (*callers, callee.name))
