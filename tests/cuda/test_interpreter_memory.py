"""Loads, stores, atomics and calls; and the accesses that must be caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from handwritten import elementwise, kernel_text, run
from interpreter import Fault, Module

POINTERS = "ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [out];"
XO = ["u64 x", "u64 out"]


def each_thread(size: int, register: str = "%rd1", into: str = "%rd3") -> str:
    return f"mad.wide.u32 {into}, %r0, {size}, {register};"


def copy_text(kind: str, size: int, registers: str, modifiers: str = "") -> str:
    return kernel_text(
        f"""{POINTERS} {each_thread(size)} {each_thread(size, "%rd2", "%rd4")}
        ld.global{modifiers}.{kind} {registers}, [%rd3];
        st.global.{kind} [%rd4], {registers};""",
        XO,
        declarations=".reg .b128 %q;",
    )


@pytest.mark.parametrize(
    ("kind", "size", "registers"),
    [
        ("b8", 1, "%h1"),
        ("f32", 4, "%f1"),
        ("b16", 2, "%h1"),
        ("v2.b16", 4, "{%h1, %h2}"),
        ("v4.b16", 8, "{%h1, %h2, %h3, %h4}"),
        ("v2.f32", 8, "{%f1, %f2}"),
        ("v4.u32", 16, "{%r1, %r2, %r3, %r4}"),
        ("v2.b64", 16, "{%rd10, %rd11}"),
        ("b128", 16, "%q"),
    ],
)
def test_every_width(kind: str, size: int, registers: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, 50 * size, np.uint8)
    out = np.zeros_like(x)
    report = run(copy_text(kind, size, registers, ".nc.L1::no_allocate"), [x, out], threads=50)
    np.testing.assert_array_equal(out, x)
    assert report.global_read == report.global_written == x.nbytes


def test_narrow_values_are_extended() -> None:
    x = np.array([-1, 5, -128, 127], np.int8)
    for kind, expected in (("s8", x.astype(np.int64)), ("u8", x.view(np.uint8))):
        out = np.zeros(4, np.int64)
        lines = f"{POINTERS} {each_thread(1)} {each_thread(8, '%rd2', '%rd4')}"
        lines += f"ld.global.{kind} %rd5, [%rd3]; st.global.u64 [%rd4], %rd5;"
        run(kernel_text(lines, XO), [x, out], threads=4)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("offset", "threads", "told"),
    [
        (0, 13, r"thread \(12, 0, 0\).*4 bytes at byte 48 of argument 0 \(float32\[12\]\) of 48"),
        (-4, 8, r"thread \(0, 0, 0\).*4 bytes at byte -4 of argument 0"),
        (1 << 30, 8, r"4 bytes at byte 1073741824 of argument 0 .* are outside"),
        (2, 8, r"thread \(0, 0, 0\).*4 bytes at byte 2 of argument 0 .* are not aligned"),
    ],
)
def test_wrong_addresses_are_caught(offset: int, threads: int, told: str) -> None:
    x, out = np.zeros(12, np.float32), np.zeros(64, np.float32)
    lines = f"{POINTERS} {each_thread(4)} ld.global.f32 %f1, [%rd3+{offset}];"
    with pytest.raises(Fault, match=told) as caught:
        run(kernel_text(lines, XO), [x, out], threads=threads)
    assert "test: 'ld.global.f32 %f1, [%rd3+" in str(caught.value)
    assert "block (0, 0, 0)" in str(caught.value)


def test_a_view_is_aligned_as_in_its_array() -> None:
    x, out = np.arange(68, dtype=np.float32), np.zeros(64, np.float32)
    text = copy_text("v4.f32", 16, "{%f1, %f2, %f3, %f4}")
    run(text, [x[4:], out], threads=16)
    np.testing.assert_array_equal(out, x[4:])
    with pytest.raises(Fault, match="not aligned"):
        run(text, [x[1:-3], out], threads=16)
    with pytest.raises(TypeError, match="argument 0 must be contiguous"):
        run(text, [x[::2], out], threads=1)


def test_read_only_arrays_stay_as_they_are() -> None:
    x, out = np.zeros(4, np.float32), np.zeros(4, np.float32)
    out.flags.writeable = False
    with pytest.raises(Fault, match=r"writes to argument 1 .*read-only"):
        run(copy_text("f32", 4, "%f1"), [x, out], threads=4)


def test_memory_taken_to_be_constant() -> None:
    lines = f"""{POINTERS} {each_thread(4)} ld.global.nc.f32 %f1, [%rd3];
        setp.eq.u32 %p1, %r0, 7; @%p1 st.global.f32 [%rd3+LATER], %f1;
        bar.sync 0; ld.global.nc.f32 %f1, [%rd3];"""
    x = np.zeros(16, np.float32)
    run(kernel_text(lines.replace("LATER", "4"), XO), [x, x], threads=8)
    with pytest.raises(Fault, match=r"reads byte 12 of argument 0 .* by .nc after a store to it"):
        run(kernel_text(lines.replace("LATER", "-16"), XO), [x, x], threads=8)


def test_bytes_that_are_written_twice() -> None:
    x, out = np.zeros(16, np.float32), np.zeros(16, np.float32)
    report = run(copy_text("f32", 4, "%f1"), [x, out], threads=16)
    assert report.global_distinct == report.global_written == 64
    report = run(copy_text("f32", 4, "%f1"), [x, out], threads=8, grid=3)
    assert (report.global_distinct, report.global_written) == (32, 96)


def test_a_register_without_a_value_is_no_address() -> None:
    with pytest.raises(Fault, match="of no buffer"):
        run(kernel_text("ld.global.f32 %f1, [%rd9];"), [], threads=1)


def test_state_spaces_are_kept_apart() -> None:
    lines = "mov.u32 %r1, box; cvta.shared.u64 %rd1, box; ld.global.u32 %r2, [%rd1];"
    text = kernel_text(lines, before=".shared .align 4 .b8 box[64];")
    with pytest.raises(Fault, match=r"is not .global but .shared"):
        run(text, [], threads=1)


SHARED = ".shared .align 16 .b8 one[128];\n.shared .align 16 .b8 two[128];"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("ld.shared.u32 %r1, [one+4];", "never written"),
        ("st.shared.u32 [one+128], %r0;", "outside of every shared array"),
        ("st.shared.u32 [two+128], %r0;", "outside"),
        ("mov.u32 %r1, one; st.shared.u32 [%r1+-4], %r0;", "outside"),
        ("st.shared.v4.u32 [one+8], {%r0, %r0, %r0, %r0};", "not aligned"),
        ("ld.shared.u32 %r1, [two];", "never written"),
        ("ld.local.u32 %r1, [stack+4];", "never written"),
        ("st.local.u32 [stack+64], %r0;", "outside"),
        ("trap;", "comes to 'trap'"),
    ],
)
def test_shared_and_local_arrays_are_bounded(lines: str, told: str) -> None:
    stack = ".local .align 4 .b8 stack[64];"
    body = f"mov.u32 %r5, one; mov.u32 %r6, two; {lines}"
    with pytest.raises(Fault, match=told):
        run(kernel_text(body, before=SHARED, declarations=stack), [], threads=1)


def test_shared_memory_does_not_outlive_a_block() -> None:
    lines = """mov.u32 %r1, %ctaid.x; setp.eq.u32 %p1, %r1, 0;
        @%p1 st.shared.u32 [one], %r0; ld.shared.u32 %r2, [one];"""
    with pytest.raises(Fault, match=r"block \(1, 0, 0\): reads .* never written"):
        run(kernel_text(lines, before=SHARED), [], threads=1, grid=2)


def test_registers_do_not_outlive_a_block() -> None:
    lines = f"""{POINTERS} {each_thread(4, "%rd2", "%rd4")} mov.u32 %r2, %ctaid.x;
        setp.eq.u32 %p1, %r2, 0; @%p1 mov.u32 %r1, 5; @!%p1 st.global.u32 [%rd4], %r1;"""
    out = np.zeros(1, np.int32)
    run(kernel_text(lines, XO), [out, out], threads=1, grid=2)
    assert out.tolist() == [-1]


def test_local_memory_is_of_each_thread() -> None:
    lines = f"""{POINTERS} {each_thread(8, "%rd2", "%rd4")} {each_thread(8)}
        ld.global.u64 %rd6, [%rd3];
        mov.u64 %rd5, stack; cvta.local.u64 %rd7, %rd5;
        st.local.u32 [stack], %r0; st.u32 [%rd7+4], 7;
        and.b32 %r1, %r0, 1; mad.wide.u32 %rd8, %r1, 4, %rd7;
        ld.u32 %r2, [%rd8]; cvt.u64.u32 %rd9, %r2; add.u64 %rd9, %rd9, %rd6;
        st.global.u64 [%rd4], %rd9;"""
    x, out = np.arange(6), np.zeros(6, np.int64)
    text = kernel_text(lines, XO, declarations=".local .align 8 .b8 stack[8];")
    run(text, [x, out], threads=6)
    assert out.tolist() == [0, 8, 4, 10, 8, 12]


def test_generic_addresses_of_several_regions_at_once() -> None:
    lines = f"""{POINTERS} {each_thread(4)} {each_thread(4, "%rd2", "%rd4")}
        mov.u32 %r1, one; shl.b32 %r2, %r0, 2; add.u32 %r1, %r1, %r2;
        st.shared.u32 [%r1], %r0; cvt.u64.u32 %rd6, %r1; cvta.shared.u64 %rd6, %rd6;
        and.b32 %r3, %r0, 1; setp.eq.u32 %p1, %r3, 0; selp.b64 %rd7, %rd3, %rd6, %p1;
        isspacep.shared %p2, %rd7;
        ld.u32 %r4, [%rd7]; @%p2 add.u32 %r4, %r4, 1000; st.global.u32 [%rd4], %r4;"""
    x, out = np.arange(100, 108, dtype=np.int32), np.zeros(8, np.int32)
    run(kernel_text(lines, XO, before=SHARED), [x, out], threads=8)
    assert out.tolist() == [100, 1001, 102, 1003, 104, 1005, 106, 1007]


def test_constants_and_scalars() -> None:
    lines = f"""{POINTERS} {each_thread(4, "%rd2", "%rd4")}
        mov.u64 %rd5, table; {each_thread(4, "%rd5", "%rd6")} ld.const.f32 %f1, [%rd6];
        ld.param.f32 %f2, [factor]; ld.param.s32 %r1, [shift]; cvt.rn.f32.s32 %f3, %r1;
        fma.rn.f32 %f1, %f1, %f2, %f3; st.global.f32 [%rd4], %f1;"""
    data = ", ".join(str(each) for each in np.float32([1, 2, -3]).tobytes())
    text = kernel_text(
        lines,
        [*XO, "f32 factor", "s32 shift"],
        before=f".const .align 4 .b8 table[12] = {{{data}}};",
    )
    out = np.zeros(3, np.float32)
    run(text, [None or 0, out, 0.5, -7], threads=3)
    assert out.tolist() == [-6.5, -6, -8.5]
    with pytest.raises(TypeError, match="argument 2 has 8 bytes"):
        run(text, [0, out, np.float64(1), 3], threads=3)
    with pytest.raises(TypeError, match="takes 4 arguments, got 1"):
        run(text, [0], threads=3)


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("atom.global.add.u32 %r2, [%rd1], 2;", (40, list(range(0, 40, 2)))),
        ("atom.global.max.s32 %r2, [%rd1], %r0;", (19, [0, *range(19)])),
        ("atom.global.exch.b32 %r2, [%rd1], %r0;", (19, [0, *range(19)])),
        ("atom.global.inc.u32 %r2, [%rd1], 3;", (0, [0, 1, 2, 3] * 5)),
        ("atom.relaxed.gpu.global.cas.b32 %r2, [%rd1], %r0, 7;", (7, [0, *[7] * 7, 7, *[7] * 11])),
        ("red.global.or.b32 [%rd1], %r0; mov.u32 %r2, 0;", (31, [0] * 20)),
    ],
)
def test_atomics(instruction: str, expected: Any) -> None:
    x, out = np.zeros(1, np.int32), np.zeros(20, np.int32)
    lines = f"{POINTERS} {each_thread(4, '%rd2', '%rd4')} {instruction} st.global.u32 [%rd4], %r2;"
    run(kernel_text(lines, XO), [x, out], threads=20)
    assert (int(x[0]), out.tolist()) == expected


def test_atomic_sums_of_floats() -> None:
    x, out = np.arange(70, dtype=np.float32), np.zeros(1, np.float32)
    lines = (
        f"{POINTERS} {each_thread(4)} ld.global.f32 %f1, [%rd3]; red.global.add.f32 [%rd2], %f1;"
    )
    run(kernel_text(lines, XO), [x, out], threads=70)
    assert out[0] == x.sum()


FUNCTION = """
.func (.param .b32 result) scaled(.param .b32 value, .param .b64 table)
{
    .reg .pred %p<2>; .reg .b32 %r<4>; .reg .b64 %rd<4>;
    .local .align 4 .b8 kept[4];
    ld.param.u32 %r1, [value]; ld.param.u64 %rd1, [table];
    setp.gt.s32 %p1, %r1, 5;
    @%p1 bra LARGE;
    st.local.u32 [kept], %r1; ld.u32 %r2, [%rd1]; ld.local.u32 %r1, [kept];
    mul.lo.s32 %r1, %r1, %r2;
    st.param.b32 [result], %r1;
    ret;
LARGE:
    st.param.b32 [result], -1;
    ret;
}
"""
CALL = """{{
        .param .b32 param0; .param .b64 param1; .param .b32 retval0;
        st.param.b32 [param0], {}; st.param.b64 [param1], %rd1;
        call.uni (retval0), scaled, (param0, param1);
        ld.param.b32 {}, [retval0];
    }}"""


def test_calls() -> None:
    lines = f"""{POINTERS} {each_thread(4, "%rd2", "%rd4")}
        {CALL.format("%r0", "%r1")} {CALL.format("%r1", "%r1")} st.global.u32 [%rd4], %r1;"""
    x, out = np.int32([2]), np.zeros(8, np.int32)
    run(kernel_text(lines, XO, before=FUNCTION), [x, out], threads=8)
    assert out.tolist() == [0, 4, 8, -1, -1, -1, -2, -2]


def test_calls_with_registers() -> None:
    function = """.func (.reg .b32 %y) twice(.reg .b32 %x)
        { .reg .b32 %t; add.u32 %t, %x, %x; mov.u32 %y, %t; ret; }"""
    lines = f"""{POINTERS} {each_thread(4, "%rd2", "%rd4")} call (%r1), twice, (%r0);
        call (%r1), twice, (%r1); st.global.u32 [%rd4], %r1;"""
    out = np.zeros(5, np.int32)
    run(kernel_text(lines, XO, before=function), [out, out], threads=5)
    assert out.tolist() == [0, 4, 8, 12, 16]


def test_an_unknown_function_is_an_error_where_it_is_called() -> None:
    lines = """setp.gt.u32 %p1, %r0, {}; @%p1 bra CALL; ret;
        CALL: {{ .param .b32 param0; call.uni (param0), vprintf, (param0); }}"""
    declared = ".extern .func (.param .b32 r) vprintf (.param .b32 a);"
    run(kernel_text(lines.format(7), before=declared), [], threads=8)
    with pytest.raises(Fault, match=r"comes to 'call.uni .*vprintf"):
        run(kernel_text(lines.format(6), before=declared), [], threads=8)


def test_packing_registers() -> None:
    a = np.array([0x11223344, 0x55667788], np.uint32)
    lines = "mov.b32 {%h1, %h2}, %a; mov.b32 %out, {%h2, %h1};"
    assert elementwise(lines, np.uint32, a).tolist() == [0x33441122, 0x77885566]
    lines = "cvt.u64.u32 %rd5, %a; mov.b64 {%r1, _}, %rd5; mov.b64 %out, {%r1, %r1};"
    got = elementwise(lines, np.uint64, a)
    assert got.tolist() == [0x1122334411223344, 0x5566778855667788]


def test_how_memory_is_reached() -> None:
    """Sectors and bank conflicts, as multiples of the least possible."""
    x, out = np.zeros(64 * 64, np.float32), np.zeros(64 * 64, np.float32)
    for stride, sectors in ((1, 1), (2, 2), (8, 8), (16, 8)):
        lines = f"{POINTERS} {each_thread(4 * stride)} ld.global.f32 %f1, [%rd3];"
        report = run(kernel_text(lines, XO), [x, out], threads=64)
        assert list(report.scattering.values()) == [sectors]
    for stride, turns in ((1, 1), (2, 2), (3, 1), (32, 32), (33, 1)):
        lines = f"mov.u32 %r1, box; mad.lo.u32 %r2, %r0, {4 * stride}, %r1; st.shared.u32 [%r2], 0;"
        text = kernel_text(lines, before=".shared .align 16 .b8 box[8448];")
        assert list(run(text, [], threads=64).bank_conflicts.values()) == [turns]
    lines = "mov.u32 %r1, box; mad.lo.u32 %r2, %r0, 16, %r1;"
    text = kernel_text(
        lines + "st.shared.v4.u32 [%r2], {0, 0, 0, 0};", before=".shared .align 16 .b8 box[8448];"
    )
    assert list(run(text, [], threads=64).bank_conflicts.values()) == [1]


def test_a_further_launch_begins_as_the_first_did() -> None:
    """Registers, variables and shared memory are not as the launch before left them."""
    text = kernel_text(
        """ld.param.u64 %rd2, [out]; ld.param.u32 %r5, [last];
        ld.global.u32 %r1, [counter]; add.u32 %r1, %r1, 1; st.global.u32 [counter], %r1;
        st.global.u32 [%rd2], %r1;
        setp.eq.u32 %p1, %r5, 1; @%p1 ld.shared.u32 %r2, [box]; st.shared.u32 [box], %r1;""",
        ["u64 out", "u32 last"],
        before=".global .u32 counter = 40;",
        declarations=".shared .u32 box;",
    )
    kernel = Module(text).kernel("test")
    for _ in range(2):
        out = np.zeros(1, np.uint32)
        first = kernel.run(1, 1, [out, 0])
        assert out == 41
        assert first.global_written == 8
        assert len(first.accesses) == 4
    with pytest.raises(Fault, match="never written in this block"):
        kernel.run(1, 1, [out, 1])
    assert not kernel.run(1, 1, [out, 0], watched=False).accesses
