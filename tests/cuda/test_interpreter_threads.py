"""Threads that part and meet: divergence, barriers, races, and what threads of a warp exchange."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from handwritten import kernel_text, run
from interpreter import Fault, PtxError

BOX = ".shared .align 16 .b8 box[4096];"
PLACE = "mov.u32 %r30, box; mad.lo.u32 %r1, %r0, 4, %r30;"
STORE = """ld.param.u64 %rd1, [out]; mad.wide.u32 %rd2, %r0, 4, %rd1; st.global.u32 [%rd2], %r9;"""


def result(lines: str, threads: Any = 64, dtype: Any = np.int32, before: str = BOX) -> list[int]:
    """Return %r9 of each thread."""
    out = np.full(int(np.prod(threads)), 99, dtype)
    run(kernel_text(lines + STORE, ["u64 out"], before=before), [out], threads=threads)
    return list(out.tolist())


def fault(lines: str, threads: int = 64) -> str:
    with pytest.raises(Fault) as caught:
        run(kernel_text(lines, before=BOX), [], threads=threads)
    return str(caught.value)


def test_numbers_of_threads_and_blocks() -> None:
    lines = """ld.param.u64 %rd1, [out];
        mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z; mov.u32 %r3, %ntid.x; mov.u32 %r4, %ntid.y;
        mad.lo.u32 %r5, %r2, %r4, %r1; mad.lo.u32 %r5, %r5, %r3, %r0;
        mov.u32 %r6, %ctaid.y; mov.u32 %r7, %nctaid.x; mov.u32 %r8, %ctaid.x;
        mad.lo.u32 %r6, %r6, %r7, %r8; mad.lo.u32 %r10, %r6, 24, %r5;
        mad.wide.u32 %rd2, %r10, 4, %rd1; st.global.u32 [%rd2], %r10;"""
    out = np.zeros(24 * 6, np.int32)
    report = run(kernel_text(lines, ["u64 out"]), [out], threads=(2, 3, 4), grid=(2, 3))
    assert out.tolist() == list(range(24 * 6))
    assert report.blocks == 6
    assert report.instructions["st.global.u32"] == 24 * 6
    assert report.issued["st.global.u32"] == 6


def test_loops_of_different_length() -> None:
    lines = """mov.u32 %r9, 0; mov.u32 %r2, 0;
    LOOP: setp.ge.u32 %p1, %r2, %r0; @%p1 bra DONE;
        and.b32 %r3, %r2, 1; setp.eq.u32 %p2, %r3, 1; @%p2 bra ODD;
        add.u32 %r9, %r9, %r2; bra.uni NEXT;
    ODD: add.u32 %r9, %r9, 1;
    NEXT: add.u32 %r2, %r2, 1; bra LOOP;
    DONE: bar.sync 0;"""
    expected = [sum(1 if k % 2 else k for k in range(i)) for i in range(40)]
    assert result(lines, 40) == expected


def test_threads_come_together_again() -> None:
    """After both sides of a branch the whole block goes on at once."""
    lines = """setp.lt.u32 %p1, %r0, 20; @%p1 bra SMALL; mov.u32 %r9, 1; bra BOTH;
    SMALL: mov.u32 %r9, 2;
    BOTH: add.u32 %r9, %r9, 10;"""
    report = run(kernel_text(lines), [], threads=64)
    assert report.issued["add.u32"] == 2
    assert report.issued["mov.u32"] == 2 + 2 + 1
    assert result(lines) == [12] * 20 + [11] * 44


def test_jump_tables() -> None:
    lines = """TABLE: .branchtargets A, B, C;
        rem.u32 %r1, %r0, 3; brx.idx %r1, TABLE;
    A: mov.u32 %r9, 10; bra END;
    B: mov.u32 %r9, 20; bra END;
    C: mov.u32 %r9, 30;
    END:"""
    assert result(lines, 7) == [10, 20, 30, 10, 20, 30, 10]
    with pytest.raises(Fault, match="branches to number 3 of 3"):
        result(lines.replace("%r0, 3;", "%r0, 4;"), 7)


def test_labels_and_registers_of_inner_braces() -> None:
    part = """{ .reg .pred %p1; .reg .b32 %t; setp.lt.u32 %p1, %r0, LIMIT; @%p1 bra SKIP;
        mov.u32 %t, 5; add.u32 %r9, %r9, %t; SKIP: }"""
    lines = "mov.u32 %r9, 0; setp.eq.u32 %p1, %r0, 0;" + part.replace("LIMIT", "2")
    lines += part.replace("LIMIT", "4") + "@%p1 mov.u32 %r9, 77;"
    assert result(lines, 6) == [77, 0, 5, 5, 10, 10]


EXCHANGE = f"""{PLACE} st.shared.u32 [%r1], %r0; BARRIER
    xor.b32 %r2, %r0, 63; mad.lo.u32 %r3, %r2, 4, %r30; ld.shared.u32 %r9, [%r3];"""


def test_a_barrier_makes_writes_seen() -> None:
    assert result(EXCHANGE.replace("BARRIER", "bar.sync 0;")) == list(range(63, -1, -1))
    assert "race: reads byte 252" in fault(EXCHANGE.replace("BARRIER", ""))


def test_the_three_kinds_of_race() -> None:
    read_write = EXCHANGE.replace("BARRIER", "bar.sync 0;") + "st.shared.u32 [%r1], %r9;"
    assert "race: writes byte 0 of shared memory, read by thread 63" in fault(read_write)
    write_write = f"{PLACE} st.shared.u32 [%r30], 1; st.shared.u32 [%r1], 2;"
    assert "race: writes byte 0 of shared memory, written by thread 63" in fault(write_write)
    later = f"{PLACE} setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.u32 [%r30], 1;"
    later += "setp.eq.u32 %p2, %r0, 5; @%p2 st.shared.u32 [%r30], 1;"
    assert "thread (5, 0, 0)" in fault(later)
    assert "written by thread 0" in fault(later)


def test_own_values_are_no_race() -> None:
    lines = f"{PLACE} st.shared.u32 [%r1], 5; ld.shared.u32 %r9, [%r1]; st.shared.u32 [%r1], %r9;"
    assert result(lines) == [5] * 64


def test_many_may_read() -> None:
    lines = f"""{PLACE} setp.eq.u32 %p1, %r0, 3; @%p1 st.shared.u32 [box], 8; bar.sync 0;
        ld.shared.u32 %r9, [box]; bar.sync 0; @%p1 st.shared.u32 [box], 9;"""
    assert result(lines) == [8] * 64


NEAR = EXCHANGE.replace("63", "31")


def test_a_warp_needs_its_own_barrier() -> None:
    meet = NEAR.replace("BARRIER", "bar.warp.sync -1;")
    assert result(meet) == [i ^ 31 for i in range(64)]
    assert "race" in fault(NEAR.replace("BARRIER", ""))
    assert "race" in fault(EXCHANGE.replace("BARRIER", "bar.warp.sync -1;"))
    again = "bar.warp.sync -1; st.shared.u32 [%r1], %r9;"
    assert result(meet + again) == [i ^ 31 for i in range(64)]
    assert "read by" in fault(meet + "st.shared.u32 [%r1], %r9;")


def test_shfl_is_no_barrier() -> None:
    lines = NEAR.replace("BARRIER", "shfl.sync.bfly.b32 %r5, %r0, 1, 31, -1;")
    assert "race" in fault(lines)


def test_halves_of_a_word_are_apart() -> None:
    lines = "mov.u32 %r30, box; mad.lo.u32 %r1, %r0, 2, %r30; cvt.u16.u32 %h1, %r0;"
    lines += "st.shared.u16 [%r1], %h1; ld.shared.u16 %h2, [%r1]; cvt.u32.u16 %r9, %h2;"
    assert result(lines) == list(range(64))


def test_atomics_of_shared_memory_are_no_race() -> None:
    lines = """setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.u32 [box], 0; bar.sync 0;
        atom.shared.add.u32 %r2, [box], 1; {} ld.shared.u32 %r9, [box];"""
    assert result(lines.format("bar.sync 0;")) == [64] * 64
    assert "changed atomically by thread" in fault(lines.format(""))


def test_divergent_barriers_are_errors() -> None:
    part = "setp.lt.u32 %p1, %r0, {}; @%p1 bra SMALL; {} bra END; SMALL: {} END:"
    told = fault(part.format(16, "bar.sync 0;", ""))
    assert "waits for ever: threads 16-63 at 'bar.sync 0' (line 16); " in told
    assert "threads 0-15 have ended" in told
    assert "threads of warp 0 wait at different barriers" in fault(
        part.format(16, "bar.sync 0;", "bar.sync 0;")
    )
    fine = part.format(32, "bar.sync 0;", "bar.sync 0;")
    run(kernel_text(fine), [], threads=64)
    assert "waits for ever" in fault("setp.lt.u32 %p1, %r0, 16; @%p1 bar.sync 0;")
    assert "waits for ever" in fault(part.format(32, "bar.sync 0;", "bar.sync 1;"))


def test_threads_may_come_to_a_barrier_one_after_the_other() -> None:
    lines = """mov.u32 %r9, 1; setp.lt.u32 %p1, %r0, 16; @%p1 bra LATER;
    HERE: bar.sync 0; bra END;
    LATER: mov.u32 %r9, 2; bra HERE;
    END:"""
    assert result(lines) == [2] * 16 + [1] * 48


def test_barriers_that_count() -> None:
    lines = """setp.lt.u32 %p1, %r0, 10; barrier.cta.red.popc.aligned.u32 %r1, 0, %p1;
        bar.red.or.pred %p2, 0, !%p1; selp.u32 %r2, 100, 0, %p2; add.u32 %r9, %r1, %r2;"""
    assert result(lines) == [110] * 64
    with pytest.raises(PtxError, match=r"bar.sync"):
        run(kernel_text("bar.sync 0, 32;"), [], threads=64)


def test_limits_of_a_launch() -> None:
    text = kernel_text("").replace("test()", "test()\n.maxntid 16, 4, 1\n.minnctapersm 2")
    run(text, [], threads=64)
    with pytest.raises(ValueError, match=r"1 to 64 threads, got \(65, 1, 1\)"):
        run(text, [], threads=65)
    with pytest.raises(ValueError, match="grid must be within"):
        run(text, [], threads=1, grid=(1, 65536))


def test_endless_loops_end() -> None:
    import interpreter.machine as machine

    before = machine._MOST_TURNS
    machine._MOST_TURNS = 100
    try:
        assert "no end after" in fault("LOOP: add.u32 %r1, %r1, 1; bra LOOP;")
    finally:
        machine._MOST_TURNS = before


@pytest.mark.parametrize(
    ("way", "by", "limit", "source"),
    [
        ("bfly", 5, 31, lambda i: i ^ 5),
        ("up", 3, 0, lambda i: i - 3 if i % 32 >= 3 else i),
        ("down", 4, 31, lambda i: i + 4 if i % 32 < 28 else i),
        ("idx", 7, 31, lambda i: i // 32 * 32 + 7),
        ("idx", 9, 0x181F, lambda i: i // 8 * 8 + 1),
        ("down", 2, 0x181F, lambda i: i + 2 if i % 8 < 6 else i),
        ("up", 1, 0x1800, lambda i: i - 1 if i % 8 else i),
    ],
)
def test_shuffles(way: str, by: int, limit: int, source: Any) -> None:
    lines = f"mul.lo.u32 %r1, %r0, 10; shfl.sync.{way}.b32 %r9|%p1, %r1, {by}, {limit}, -1;"
    assert result(lines) == [10 * source(i) for i in range(64)]
    if way in ("down", "bfly"):
        inside = result(lines + "selp.u32 %r9, 1, 0, %p1;")
        assert inside == [int(way == "bfly" or source(i) != i) for i in range(64)]


def test_shuffles_wait_for_their_partners() -> None:
    """Half a warp comes later: the instruction is executed when all of the mask are there."""
    lines = """setp.lt.u32 %p1, %r0, 16; mov.u32 %r1, 100; @%p1 bra LATER;
    HERE: shfl.sync.bfly.b32 %r9, %r1, 16, 31, -1; bra END;
    LATER: mov.u32 %r1, 200; bra HERE;
    END:"""
    assert result(lines, 32) == [100] * 16 + [200] * 16


def test_shuffles_without_partners_are_errors() -> None:
    half = "setp.lt.u32 %p1, %r0, 16; @%p1 shfl.sync.bfly.b32 %r9, %r0, {}, 31, {};"
    assert "waits for ever: threads 0-15" in fault(half.format(1, -1), 32)
    run(kernel_text(half.format(1, 0xFFFF)), [], threads=32)
    assert "which is not in its mask" in fault(half.format(16, 0xFFFF), 32)
    assert "not in its own member mask" in fault("shfl.sync.idx.b32 %r9, %r0, 0, 31, 1;", 32)


def test_votes_and_reductions() -> None:
    vote = "setp.lt.u32 %p1, %r0, {}; vote.sync.{} {}, %p1, -1; {}"
    assert result(vote.format(37, "ballot.b32", "%r9", ""), dtype=np.uint32) == (
        [0xFFFFFFFF] * 32 + [0b11111] * 32
    )
    for name, expected in (("all", [1, 0]), ("any", [1, 1]), ("uni", [1, 0])):
        got = result(vote.format(37, name + ".pred", "%p2", "selp.u32 %r9, 1, 0, %p2;"))
        assert got == [expected[0]] * 32 + [expected[1]] * 32
    assert result("redux.sync.add.s32 %r9, %r0, -1;") == [496] * 32 + [1520] * 32
    assert result("redux.sync.max.u32 %r9, %r0, -1;") == [31] * 32 + [63] * 32
    same = "and.b32 %r1, %r0, 1; match.any.sync.b32 %r9, %r1, -1;"
    assert result(same, 32, np.uint32) == [0x55555555, 0xAAAAAAAA] * 16


def test_the_active_mask() -> None:
    lines = "mov.u32 %r9, 0; setp.lt.u32 %p1, %r0, 3; @%p1 activemask.b32 %r9;"
    assert result(lines, 5) == [7, 7, 7, 0, 0]


def test_lane_masks() -> None:
    for name, function in (
        ("eq", lambda i: 1 << i),
        ("lt", lambda i: (1 << i) - 1),
        ("ge", lambda i: 2**32 - (1 << i)),
        ("gt", lambda i: 2**32 - (2 << i)),
        ("le", lambda i: (2 << i) - 1),
    ):
        got = result(f"mov.u32 %r9, %lanemask_{name};", 33, np.uint32)
        assert got == [function(i % 32) for i in range(33)]
