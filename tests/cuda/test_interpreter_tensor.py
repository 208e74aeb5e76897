"""Tensor cores, ldmatrix and asynchronous copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from handwritten import kernel_text, run
from interpreter import Fault, PtxError

XO = ["u64 x", "u64 out"]


def registers(prefix: str, count: int) -> str:
    return "{" + ", ".join(f"{prefix}{i}" for i in range(count)) + "}"


def product_text(shape: str, kind: str, counts: tuple[int, int, int], words: str = "b32") -> str:
    """One product: each lane's registers of a, b and c lie side by side."""
    a, b, c = counts
    step = 8 if words == "b64" else 4
    result = "f64" if words == "b64" else "f32"
    loads = [
        f"ld.global.{words} %{name}{i}, [%rd3+{step * (offset + i)}];"
        for name, offset, count in (("a", 0, a), ("b", a, b), ("c", a + b, c))
        for i in range(count)
    ]
    stores = [f"st.global.{words} [%rd4+{step * i}], %d{i};" for i in range(c)]
    declared = " ".join(f".reg .{words} %{each}<16>;" for each in "abcd")
    body = f"""ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [out];
        mad.wide.u32 %rd3, %r0, {step * (a + b + c)}, %rd1;
        mad.wide.u32 %rd4, %r0, {step * c}, %rd2;
        {" ".join(loads)}
        mma.sync.aligned.{shape}.row.col.{result}.{kind}.{kind}.{result}
            {registers("%d", c)}, {registers("%a", a)}, {registers("%b", b)}, {registers("%c", c)};
        {" ".join(stores)}"""
    return kernel_text(body, XO, declarations=declared)


def lanes() -> Any:
    return np.arange(32) // 4, np.arange(32) % 4


def spread(matrix: Any, places: list[tuple[Any, Any]]) -> Any:
    return np.stack([matrix[rows, columns] for rows, columns in places], axis=1)


def operands(k: int, dtype: Any) -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(k)
    a, b, c = (generator.standard_normal(each) for each in ((16, k), (k, 8), (16, 8)))
    return a.astype(dtype), b.astype(dtype), c.astype(np.float32)


def accumulators() -> list[tuple[Any, Any]]:
    g, t = lanes()
    return [(g, 2 * t), (g, 2 * t + 1), (g + 8, 2 * t), (g + 8, 2 * t + 1)]


def gathered(out: Any, warps: int = 1) -> Any:
    result = np.zeros((warps, 16, 8), out.dtype)
    values = out.reshape(warps, 32, 4)
    for i, (rows, columns) in enumerate(accumulators()):
        result[:, rows, columns] = values[:, :, i]
    return result


@pytest.mark.parametrize("k", [4, 8])
def test_tf32(k: int) -> None:
    g, t = lanes()
    a, b, c = operands(k, np.float32)
    rows = [(g + down, t + right) for right in range(0, k, 4) for down in (0, 8)]
    columns = [(t + down, g) for down in range(0, k, 4)]
    x = np.concatenate((spread(a, rows), spread(b, columns), spread(c, accumulators())), axis=1)
    out = np.zeros((32, 4), np.float32)
    counts = (k // 2, k // 4, 4)
    report = run(product_text(f"m16n8k{k}", "tf32", counts), [x, out], threads=32)
    cut_a, cut_b = ((each.view(np.uint32) & 0xFFFFE000).view(np.float32) for each in (a, b))
    expected = cut_a.astype(np.float64) @ cut_b + c
    np.testing.assert_allclose(gathered(out)[0], expected, atol=1e-6)
    assert np.abs(gathered(out)[0] - (a.astype(np.float64) @ b + c)).max() > 1e-5
    assert report.unrounded_tf32 > 0.9 * (a.size + b.size)


@pytest.mark.parametrize("kind", ["f16", "bf16"])
@pytest.mark.parametrize("k", [8, 16])
def test_16_bits(k: int, kind: str) -> None:
    g, t = lanes()
    a, b, c = operands(k, np.float16)
    if kind == "bf16":
        a, b = (
            (each.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16) for each in (a, b)
        )
    rows = [
        (g + down, 2 * t + i + right) for right in range(0, k, 8) for down in (0, 8) for i in (0, 1)
    ]
    columns = [(2 * t + i + down, g) for down in range(0, k, 8) for i in (0, 1)]
    halves = np.concatenate((spread(a, rows), spread(b, columns)), axis=1).view(np.uint32)
    x = np.concatenate((halves, spread(c, accumulators()).view(np.uint32)), axis=1)
    out = np.zeros((32, 4), np.float32)
    run(product_text(f"m16n8k{k}", kind, (k // 4, k // 8, 4)), [x, out], threads=32)
    if kind == "bf16":
        a, b = ((each.astype(np.uint32) << 16).view(np.float32) for each in (a, b))
    expected = a.astype(np.float64) @ b.astype(np.float64) + c
    np.testing.assert_allclose(gathered(out)[0], expected, atol=2e-6)


def test_doubles() -> None:
    g, t = lanes()
    generator = np.random.default_rng(1)
    a, b, c = (generator.standard_normal(each) for each in ((8, 4), (4, 8), (8, 8)))
    sums = [(g, 2 * t), (g, 2 * t + 1)]
    x = np.concatenate((spread(a, [(g, t)]), spread(b, [(t, g)]), spread(c, sums)), axis=1)
    out = np.zeros((32, 2))
    run(product_text("m8n8k4", "f64", (1, 1, 2), "b64"), [x, out], threads=32)
    np.testing.assert_allclose(out, spread(a @ b + c, sums), rtol=1e-14)


def test_several_warps_at_once_and_parted_ones() -> None:
    x = np.random.default_rng(3).standard_normal((96, 8)).astype(np.float32)
    out = np.zeros((96, 4), np.float32)
    text = product_text("m16n8k4", "tf32", (2, 1, 4))
    run(text.replace("k4.row", "k4.row"), [x[:, :7].copy(), out], threads=96)
    one = np.zeros((32, 4), np.float32)
    run(text, [x[32:64, :7].copy(), one], threads=32)
    np.testing.assert_array_equal(out[32:64], one)
    with pytest.raises(Fault, match="fewer"):
        run(text, [x[:, :7].copy(), out], threads=48)
    parted = text.replace("mma.sync", "setp.lt.u32 %p1, %r0, 40; @%p1 mma.sync")
    with pytest.raises(Fault, match="waits for ever: threads 32-39"):
        run(parted, [x[:, :7].copy(), out], threads=96)


def test_unknown_shapes_are_named() -> None:
    name = "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16"
    text = kernel_text(f"{name} {{%r1, %r2}}, {{%r3, %r4}}, {{%r5}}, {{%r6, %r7}};")
    with pytest.raises(PtxError, match=name):
        run(text, [], threads=32)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_matrices_from_shared_memory(count: int, turned: bool) -> None:
    x = np.arange(32 * 8, dtype=np.uint16)
    out = np.zeros((32, 4, 2), np.uint16)
    names = registers("%r1", count)
    way = ".trans" if turned else ""
    body = f"""ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [out];
        mad.wide.u32 %rd3, %r0, 16, %rd1; mad.wide.u32 %rd4, %r0, 16, %rd2;
        mov.u32 %r1, box; mad.lo.u32 %r1, %r0, 16, %r1;
        ld.global.v4.u32 {{%r2, %r3, %r4, %r5}}, [%rd3];
        st.shared.v4.u32 [%r1], {{%r2, %r3, %r4, %r5}}; bar.sync 0;
        ldmatrix.sync.aligned.m8n8.x{count}{way}.shared.b16 {names}, [%r1];
        {" ".join(f"st.global.u32 [%rd4+{4 * i}], %r1{i};" for i in range(count))}"""
    run(kernel_text(body, XO, before=".shared .align 16 .b8 box[512];"), [x, out], threads=32)
    g, t = lanes()
    for i in range(count):
        matrix = x.reshape(4, 8, 8)[i]
        matrix = matrix.T if turned else matrix
        expected = np.stack((matrix[g, 2 * t], matrix[g, 2 * t + 1]), axis=1)
        np.testing.assert_array_equal(out[:, i], expected)


def test_a_product_through_ldmatrix() -> None:
    """What ldmatrix gives is what mma.sync takes, a by rows and b turned."""
    a, b, _ = operands(16, np.float16)
    x, out = np.concatenate((a.reshape(-1), b.reshape(-1))), np.zeros((32, 4), np.float32)
    body = """ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [out]; mov.u32 %r1, box;
        mad.wide.u32 %rd3, %r0, 16, %rd1; mad.lo.u32 %r2, %r0, 16, %r1;
        ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd3];
        st.shared.v4.u32 [%r2], {%r3, %r4, %r5, %r6};
        and.b32 %r7, %r0, 15;
        setp.lt.u32 %p1, %r0, 16; @!%p1 bra MEET;
        ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd3+512];
        st.shared.v4.u32 [%r2+512], {%r3, %r4, %r5, %r6};
    MEET: bar.warp.sync -1;
        shr.u32 %r8, %r0, 4; mad.lo.u32 %r9, %r7, 32, %r1; mad.lo.u32 %r9, %r8, 16, %r9;
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, %r12, %r13}, [%r9];
        mad.lo.u32 %r9, %r7, 16, %r1;
        ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r14, %r15}, [%r9+512];
        mov.f32 %f1, 0f00000000;
        mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2, %f3, %f4, %f5},
            {%r10, %r11, %r12, %r13}, {%r14, %r15}, {%f1, %f1, %f1, %f1};
        mad.wide.u32 %rd4, %r0, 16, %rd2; st.global.v4.f32 [%rd4], {%f2, %f3, %f4, %f5};"""
    text = kernel_text(body, XO, before=".shared .align 16 .b8 box[768];")
    run(text, [x, out], threads=32)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    np.testing.assert_allclose(gathered(out)[0], expected, atol=1e-5)
    with pytest.raises(Fault, match="race: reads"):
        run(text.replace("bar.warp.sync -1;", ""), [x, out], threads=32)


RING = """ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [out];
    mov.u32 %r1, box; mad.lo.u32 %r2, %r0, 16, %r1; mad.wide.u32 %rd3, %r0, 16, %rd1;
    cp.async.cg.shared.global [%r2], [%rd3], 16; cp.async.commit_group;
    cp.async.ca.shared.global [%r2+1024], [%rd3+1024], 16, SIZE; cp.async.commit_group;
    cp.async.wait_group FIRST; bar.sync 0;
    xor.b32 %r3, %r0, 40; mad.lo.u32 %r4, %r3, 16, %r1; ld.shared.u32 %r5, [%r4];
    cp.async.wait_all; BARRIER
    ld.shared.u32 %r6, [%r4+1024]; ld.shared.u32 %r7, [%r4+1036];
    mad.wide.u32 %rd4, %r0, 12, %rd2; st.global.u32 [%rd4], %r5;
    st.global.u32 [%rd4+4], %r6; st.global.u32 [%rd4+8], %r7;"""


def ring(size: int = 16, first: int = 1, barrier: str = "bar.sync 0;") -> Any:
    body = RING.replace("SIZE", str(size)).replace("FIRST", str(first)).replace("BARRIER", barrier)
    x, out = np.arange(2 * 64 * 4, dtype=np.int32), np.zeros((64, 3), np.int32)
    x.flags.writeable = False
    text = kernel_text(body, XO, before=".shared .align 16 .b8 box[2048];")
    run(text, [x, out], threads=64)
    return x.reshape(2, 64, 4), out


@pytest.mark.parametrize("size", [16, 8, 4, 12, 0])
def test_copies_that_are_waited_for(size: int) -> None:
    x, out = ring(size)
    other = np.arange(64) ^ 40
    np.testing.assert_array_equal(out[:, 0], x[0, other, 0])
    np.testing.assert_array_equal(out[:, 1], x[1, other, 0] if size else 0)
    np.testing.assert_array_equal(out[:, 2], x[1, other, 3] if size == 16 else 0)


def test_copies_that_are_not() -> None:
    with pytest.raises(Fault, match=r"ld.shared.u32 %r5.*cp.async to them was not waited for"):
        ring(first=2)
    with pytest.raises(Fault, match=r"ld.shared.u32 %r6.*race: reads"):
        ring(barrier="")


def test_copies_out_of_bounds() -> None:
    x, out = np.zeros(100, np.int32), np.zeros((64, 3), np.int32)
    body = RING.replace("SIZE", "16").replace("FIRST", "0").replace("BARRIER", "")
    text = kernel_text(body, XO, before=".shared .align 16 .b8 box[2048];")
    with pytest.raises(Fault, match=r"cp.async.cg.*thread \(25, 0, 0\).*16 bytes at byte 400"):
        run(text, [x, out], threads=64)


def test_a_copy_over_values_still_in_use() -> None:
    body = """ld.param.u64 %rd1, [x]; mov.u32 %r1, box; mad.lo.u32 %r2, %r0, 4, %r1;
        st.shared.u32 [%r2], %r0; bar.sync 0;
        xor.b32 %r3, %r0, 1; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r4, [%r3];
        cp.async.ca.shared.global [%r2], [%rd1], 4;"""
    text = kernel_text(body, XO, before=".shared .align 16 .b8 box[2048];")
    with pytest.raises(Fault, match=r"cp.async.*race: writes byte 0 .*read by thread 1"):
        run(text, [np.zeros(4), np.zeros(4)], threads=64)
