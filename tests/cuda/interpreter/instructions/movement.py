"""mov, ld, st, cvta, atomics: between registers and memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..formats import TYPES, Type
from ..machine import Control, Index, Step
from ..memory import LOCAL, SHARED
from ..report import Array
from ..syntax import Operand, Vector
from .building import Build, apply, known

_SPACES = ("global", "shared", "local", "param", "const")
_HINTS = ("ca", "cg", "cs", "lu", "cv", "wb", "wt", "volatile")
_ORDERS = ("weak", "relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys")


@known("mov")
def mov(build: Build) -> Step | Control:
    kind = build.type()
    into, out_of = build.operand(0), build.operand(1)
    if isinstance(out_of, Vector):
        return _pack(build, kind, out_of.items)
    if isinstance(into, Vector):
        return _unpack(build, kind, into.items)
    kind = kind if kind.name in ("pred", "b128") else kind.unsigned
    return apply(lambda a: a, build.target(kind), build.source(1, kind))


def _pack(build: Build, kind: Type, items: tuple[Operand, ...]) -> Step:
    part = TYPES[f"u{kind.bits // len(items)}"]
    parts = build.target(kind).view(part.dtype).reshape(-1, len(items))
    sources = [build.launch.source(each, part) for each in items]

    def run(index: Index) -> None:
        values = [each[index] for each in sources]  # the target may be among them
        for number, value in enumerate(values):
            parts[index, number] = value

    return run


def _unpack(build: Build, kind: Type, items: tuple[Operand, ...]) -> Step:
    part = TYPES[f"u{kind.bits // len(items)}"]
    parts = build.source(1, kind).view(part.dtype).reshape(-1, len(items))
    targets = [build.launch.target(each, part) for each in items]

    def run(index: Index) -> None:
        values = parts[index].copy()
        for number, target in enumerate(targets):
            target[index] = values[:, number]

    return run


def take_space(build: Build) -> str:
    """Take where an access goes ("" for a generic address), and what does not matter here."""
    build.flag(*_HINTS, *_ORDERS)
    for each in list(build.rest):
        if each.startswith(("L1::", "L2::")) and not each.endswith("cache_hint"):
            build.rest.remove(each)
    if build.flag("shared::cta"):
        return "shared"
    return build.choice(*_SPACES, default="")


def _lanes(build: Build) -> int:
    return {"v2": 2, "v4": 4, "v8": 8, "": 1}[build.choice("v2", "v4", "v8", default="")]


@known("ld", "ldu")
def ld(build: Build) -> Step | Control:
    constant = build.flag("nc")
    space, lanes, kind = take_space(build), _lanes(build), build.type()
    into = build.operand(0)
    items = into.items if isinstance(into, Vector) else (into,)
    if len(items) != lanes:
        raise build.unknown()
    where = build.launch.addresses(build.operand(1), space)
    memory, ids = build.launch.memory, build.launch.ids
    access = build.launch.access(build.instruction)
    access.constant = constant
    # Parameters of the functions that a kernel calls are on its stack.
    space = "" if space == "param" else space
    if kind.lanes == 2:
        target = build.target(kind)

        def load_b128(index: Index) -> None:
            found = memory.load(where(index), ids[index], kind.dtype, 2, space, access)
            target[index] = found

        return load_b128
    plain = TYPES[("s" if kind.name[0] == "s" else "u") + str(kind.bits)]
    targets = [build.launch.target(each, plain) for each in items]
    values = build.launch.parameter(build.operand(1), plain.dtype, lanes)
    if values is not None:

        def load_parameter(index: Index) -> None:
            for target, value in zip(targets, values, strict=True):
                target[index] = value

        return load_parameter

    def load_one(index: Index) -> None:
        targets[0][index] = memory.load(where(index), ids[index], plain.dtype, 1, space, access)

    def load_several(index: Index) -> None:
        found = memory.load(where(index), ids[index], plain.dtype, lanes, space, access)
        for number, target in enumerate(targets):
            target[index] = found[:, number]

    return load_one if lanes == 1 else load_several


@known("st")
def st(build: Build) -> Step | Control:
    space, lanes, kind = take_space(build), _lanes(build), build.type()
    out_of = build.operand(1)
    items = out_of.items if isinstance(out_of, Vector) else (out_of,)
    if len(items) != lanes:
        raise build.unknown()
    where = build.launch.addresses(build.operand(0), space)
    memory, ids = build.launch.memory, build.launch.ids
    access = build.launch.access(build.instruction)
    space = "" if space == "param" else space
    plain = kind if kind.lanes == 2 else kind.unsigned
    sources = [build.launch.source(each, plain, exact=False) for each in items]

    def store_one(index: Index) -> None:
        memory.store(where(index), ids[index], sources[0][index], space, access)

    def store_several(index: Index) -> None:
        values = np.stack([each[index] for each in sources], axis=1)
        memory.store(where(index), ids[index], values, space, access)

    return store_one if lanes == 1 else store_several


@known("cvta")
def cvta(build: Build) -> Step | Control:
    back = build.flag("to")
    space = build.choice("shared", "local", "global", "const", "param")
    window = {"shared": SHARED, "local": LOCAL}.get(space, 0)
    kind = build.type()
    shift = np.uint64(-window % 2**64 if back else window)
    return apply(lambda a: a.astype(np.uint64) + shift, build.target(kind), build.source(1, kind))


@known("isspacep")
def isspacep(build: Build) -> Step | Control:
    space = build.choice(*_SPACES)
    memory = build.launch.memory

    def run(addresses: Array) -> Array:
        found = [memory.regions.get(each >> 40) for each in addresses.tolist()]
        return np.array([each is not None and each.space == space for each in found])

    return apply(run, build.target(TYPES["pred"]), build.source(1, TYPES["u64"]))


_ATOMIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, new: old + new,
    "min": min,
    "max": max,
    "and": lambda old, new: old & new,
    "or": lambda old, new: old | new,
    "xor": lambda old, new: old ^ new,
    "exch": lambda old, new: new,
    "inc": lambda old, new: old * 0 if old >= new else old + 1,
    "dec": lambda old, new: new if old == 0 or old > new else old - 1,
}


@known("atom", "red")
def atom(build: Build) -> Step | Control:
    """Threads take turns, in the order of their numbers."""
    build.flag("noftz")
    space = take_space(build)
    name = build.choice("cas", *_ATOMIC)
    kind = build.type()
    if kind.lanes == 2 or kind.is_brain:
        raise build.unknown()
    if name in ("and", "or", "xor", "exch", "cas") or kind.name[0] == "b":
        kind = kind.unsigned
    first = 1 if build.opcode == "atom" else 0
    where = build.launch.addresses(build.operand(first), space)
    memory, ids = build.launch.memory, build.launch.ids
    access = build.launch.access(build.instruction)
    operands = [build.source(each, kind) for each in range(first + 1, len(build.operands))]
    target = build.target(kind) if first else None
    change = _ATOMIC.get(name)

    def run(index: Index) -> None:
        threads, addresses = ids[index], where(index)
        values = [each[index] for each in operands]
        olds = np.empty(len(threads), kind.dtype)
        for region, places, which in memory.parts(addresses, threads, kind.bytes, space, access):
            region.before_atomic(places, threads[which], kind.bytes)
            if region.space == "global":
                memory.report.global_read += kind.bytes * len(places)
                memory.report.global_written += kind.bytes * len(places)
            data = region.windows.of(kind.dtype, 1)
            lanes = np.arange(len(threads))[which]
            for place, lane in zip(places.tolist(), lanes.tolist(), strict=True):
                old = data[place]
                olds[lane] = old
                if change is not None:
                    data[place] = change(old, values[0][lane])
                elif old == values[0][lane]:
                    data[place] = values[1][lane]
        if target is not None:
            target[index] = olds

    return run
