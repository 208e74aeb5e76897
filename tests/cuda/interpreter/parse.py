"""PTX text as data: variables, functions and their instructions, with every name made unique."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NoReturn

from .syntax import (
    BYTES,
    Address,
    Function,
    Immediate,
    Instruction,
    Label,
    Negated,
    Operand,
    Pair,
    PtxError,
    Register,
    Symbol,
    Variable,
    Vector,
    rename,
)

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+)
    | (?P<string>"[^"\n]*")
    | (?P<number>0[fF][0-9a-fA-F]{8} | 0[dD][0-9a-fA-F]{16} | 0[xX][0-9a-fA-F]+U? | 0[bB][01]+U?
        | \d+\.\d*(?:[eE][-+]?\d+)? | \d+[eE][-+]?\d+ | \d+U?)
    | (?P<word>[%$_.a-zA-Z](?:[\w$.%]|::)*)
    | (?P<mark>[{}()\[\],;:|!@<>=+\-])
    """,
    re.VERBOSE,
)
# Debug information and comments: nothing in them is executed.
_NOT_CODE = re.compile(
    r"/\*.*?\*/ | //[^\n]* | ^\s*\.(?:loc|file)\b[^\n]*$ | ^\s*\.section\b[^{]*\{[^}]*\}",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_SPACES = {"param", "shared", "local", "global", "const", "reg"}


def parse(text: str) -> tuple[dict[str, Function], dict[str, Variable]]:
    """Return the functions and the variables of a module."""
    return _Parser(text).module()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


class _Scope:
    """Names declared between a pair of braces."""

    def __init__(self, parent: _Scope | None = None, suffix: str = "") -> None:
        self.parent = parent
        self.suffix = suffix
        self.names: dict[str, str] = {}

    def declare(self, name: str) -> str:
        self.names[name] = name + self.suffix
        return self.names[name]

    def find(self, name: str) -> str | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        # Same length, so that positions and line numbers stay.
        self.text = _NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        self.tokens = list(self._split())
        self.place = 0
        self.scopes = 0
        self.functions: dict[str, Function] = {}
        self.variables: dict[str, Variable] = {}

    def _split(self) -> list[_Token]:
        tokens, place = [], 0
        while place < len(self.text):
            found = _TOKEN.match(self.text, place)
            if found is None:
                line = self.text.count("\n", 0, place) + 1
                rest = self.text[place:].splitlines()[0]
                raise PtxError(f"line {line}: {rest!r} is not PTX")
            place = found.end()
            kind = str(found.lastgroup)
            if kind != "skip":
                tokens.append(_Token(kind, found[0], found.start()))
        tokens.append(_Token("end", "", len(self.text)))
        return tokens

    def fail(self, message: str) -> NoReturn:
        start = self.tokens[self.place].start
        line = self.text.count("\n", 0, start) + 1
        found = " ".join(each.text for each in self.tokens[self.place : self.place + 6])
        raise PtxError(f"line {line}: {message}, found {found!r}")

    @property
    def ahead(self) -> str:
        return self.tokens[self.place].text

    def next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1].text

    def accept(self, text: str) -> bool:
        if self.ahead != text:
            return False
        self.place += 1
        return True

    def expect(self, text: str) -> None:
        if not self.accept(text):
            self.fail(f"expected {text!r}")

    def module(self) -> tuple[dict[str, Function], dict[str, Variable]]:
        while self.tokens[self.place].kind != "end":
            word = self.ahead
            if word in (".version", ".target", ".address_size"):
                self.place += 2
                while self.accept(","):
                    self.place += 1
            elif word in (".visible", ".extern", ".weak", ".common"):
                self.place += 1
            elif word in (".entry", ".func"):
                self.function()
            elif word[1:] in _SPACES:
                for variable in self.declaration():
                    self.variables[variable.name] = variable
            elif word in (".pragma", ".alias"):
                while not self.accept(";"):
                    self.place += 1
            else:
                self.fail("expected a directive")
        return self.functions, self.variables

    def integer(self) -> int:
        sign = -1 if self.accept("-") else 1
        value = _number(self.next()).value
        if not isinstance(value, int):
            self.fail("expected an integer")
        return sign * value

    def declaration(self, scope: _Scope | None = None) -> list[Variable]:
        """`.shared .align 16 .b8 name[512], ...;`: up to the semicolon, if there is one."""
        space, align, kind = self.next()[1:], 0, ""
        while self.ahead.startswith("."):
            word = self.next()[1:]
            if word == "align":
                align = self.integer()
            elif word in BYTES:
                kind = word
            elif word in ("v2", "v4"):
                self.fail("expected a variable that is no vector")
            # What is left says where a parameter points to (.ptr .global): no more than a hint.
        variables = []
        while True:
            name = self.next()
            unique = scope.declare(name) if scope is not None else name
            count = 1
            while self.accept("["):
                count *= 0 if self.ahead == "]" else self.integer()
                self.expect("]")
            data = self.initial(kind) if self.accept("=") else b""
            size = max(count * BYTES[kind], len(data))
            variables.append(Variable(unique, space, kind, align or BYTES[kind], size, data))
            if self.tokens[self.place + 1].text.startswith(".") or not self.accept(","):
                break
        self.accept(";")
        return variables

    def initial(self, kind: str) -> bytes:
        values = []
        braces = 0
        while True:
            if self.accept("{"):
                braces += 1
            elif self.accept("}"):
                braces -= 1
            elif not self.accept(","):
                negative = self.accept("-")
                number = _number(self.next())
                if isinstance(number.value, float):
                    self.fail("expected an integer or the bits of a float")
                values.append(-number.value if negative else number.value)
            if braces == 0:
                break
        size = BYTES[kind]
        return b"".join((each % 256**size).to_bytes(size, "little") for each in values)

    def parameters(self, scope: _Scope) -> tuple[Variable, ...]:
        found: list[Variable] = []
        self.expect("(")
        while not self.accept(")"):
            found += self.declaration(scope)
            self.accept(",")
        return tuple(found)

    def function(self) -> None:
        function = Function("", self.next() == ".entry")
        scope = _Scope()
        if self.ahead == "(":
            function.results = self.parameters(scope)
        function.name = self.next()
        if self.ahead == "(":
            function.parameters = self.parameters(scope)
        while self.ahead.startswith("."):  # .maxntid 256, 1, 1 .minnctapersm 2 .noreturn
            name, product = self.next()[1:], 1
            while self.tokens[self.place].kind == "number" or self.ahead == ",":
                product *= 1 if self.accept(",") else self.integer()
            function.limits[name] = product
        for variable in (*function.results, *function.parameters):
            if variable.space == "reg":
                function.registers[variable.name] = variable.kind
            else:
                function.variables[variable.name] = variable
        if not self.accept(";"):
            function.body = []
            self.block(function, scope)
        known = self.functions.get(function.name)
        if known is None or known.body is None:
            self.functions[function.name] = function

    def block(self, function: Function, scope: _Scope) -> None:
        """Statements between braces; labels may stand after the branches to them."""
        assert function.body is not None
        first = len(function.body)
        self.expect("{")
        while not self.accept("}"):
            following = self.tokens[self.place + 1].text
            if self.ahead == "{":
                self.scopes += 1
                self.block(function, _Scope(scope, f"#{self.scopes}"))
            elif self.ahead == ".reg":
                self.registers(function, scope)
            elif self.ahead[1:] in _SPACES and self.ahead.startswith("."):
                for variable in self.declaration(scope):
                    function.variables[variable.name] = variable
            elif self.ahead == ".pragma":
                while not self.accept(";"):
                    self.place += 1
            elif following == ":":
                name = self.next()
                self.place += 1
                if self.accept(".branchtargets"):
                    targets = [self.next()]
                    while self.accept(","):
                        targets.append(self.next())
                    self.expect(";")
                    function.tables[scope.declare(name)] = tuple(targets)
                else:
                    function.body.append(Label(scope.declare(name)))
            elif not self.accept(";"):
                function.body.append(self.instruction(function, scope))
        names = {n: u for n, u in scope.names.items() if u not in function.registers}
        for at in range(first, len(function.body)):
            statement = function.body[at]
            if isinstance(statement, Instruction):
                operands = tuple(rename(each, names, {}) for each in statement.operands)
                function.body[at] = replace(statement, operands=operands)
        for name, labels in function.tables.items():
            function.tables[name] = tuple(scope.names.get(each, each) for each in labels)

    def registers(self, function: Function, scope: _Scope) -> None:
        self.expect(".reg")
        kind = self.next()[1:]
        while True:
            name = self.next()
            if self.accept("<"):
                count = self.integer()
                self.expect(">")
                for i in range(count):
                    function.registers[scope.declare(f"{name}{i}")] = kind
            else:
                function.registers[scope.declare(name)] = kind
            if not self.accept(","):
                break
        self.expect(";")

    def instruction(self, function: Function, scope: _Scope) -> Instruction:
        start = self.tokens[self.place].start
        guard = None
        if self.accept("@"):
            guard = self.operand(function, scope)
        opcode, *modifiers = self.next().split(".")
        operands = []
        while self.ahead != ";":
            operands.append(self.operand(function, scope))
            if not self.accept(",") and self.ahead != ";":
                self.fail("expected ',' or ';'")
        text = " ".join(self.text[start : self.tokens[self.place].start].split())
        self.expect(";")
        line = self.text.count("\n", 0, start) + 1
        return Instruction(opcode, tuple(modifiers), tuple(operands), guard, text, line)

    def operand(self, function: Function, scope: _Scope) -> Operand:
        first = self.simple(function, scope)
        if self.accept("|"):
            return Pair(first, self.simple(function, scope))
        return first

    def simple(self, function: Function, scope: _Scope) -> Operand:
        if self.accept("!"):
            return Negated(self.simple(function, scope))
        if self.accept("{") or self.accept("("):
            items = []
            while not (self.accept("}") or self.accept(")")):
                items.append(self.operand(function, scope))
                self.accept(",")
            return Vector(tuple(items))
        if self.accept("["):
            return self.address(function, scope)
        negative = self.accept("-")
        token = self.tokens[self.place]
        self.place += 1
        if token.kind == "number":
            number = _number(token.text)
            if negative:
                return replace(number, value=-number.value)
            return number
        if token.kind != "word":
            self.place -= 1
            self.fail("expected an operand")
        unique = scope.find(token.text)
        if unique is not None and unique in function.registers:
            return Register(unique)
        if token.text.startswith("%"):
            return Register(token.text)
        return Symbol(unique or token.text)

    def address(self, function: Function, scope: _Scope) -> Address:
        base, offset = None, 0
        while not self.accept("]"):
            if self.accept("+"):
                continue
            found = self.simple(function, scope)
            if isinstance(found, Immediate) and isinstance(found.value, int):
                offset += found.value
            elif isinstance(found, Register | Symbol) and base is None:
                base = found
            else:
                self.fail("expected [register], [symbol] or [either + number]")
        return Address(base, offset)


def _number(text: str) -> Immediate:
    prefix = text[:2].lower()
    if prefix == "0f":
        return Immediate(int(text[2:], 16), 32)
    if prefix == "0d":
        return Immediate(int(text[2:], 16), 64)
    if re.fullmatch(r"\d+U?|0[xX][0-9a-fA-F]+U?|0[bB][01]+U?", text):
        digits = text.rstrip("U")
        octal = len(digits) > 1 and digits.isdecimal() and digits[0] == "0"
        return Immediate(int(digits, 8 if octal else 0))
    try:
        return Immediate(float(text))
    except ValueError:
        raise PtxError(f"{text!r} is not a number") from None
