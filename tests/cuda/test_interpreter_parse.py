"""What the interpreter says of PTX that it does not know."""

from __future__ import annotations

import pytest

from handwritten import kernel_text
from interpreter import Module, PtxError


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("wgmma.fence.sync.aligned;", "wgmma.fence.sync.aligned"),
        ("add.unheard.s32 %r1, %r1, %r1;", "add.unheard.s32"),
        ("fma.rz.f64 %fd1, %fd1, %fd1, %fd1;", "fma.rz.f64"),
        ("mov.u32 %r1, %r99;", "%r99"),
        ("mov.u32 %r1, %rd1;", "%rd1 has 64 bits"),
        ("bra NOWHERE;", "NOWHERE"),
        ("st.shared.f32 [nothing], %f1;", "nothing"),
        ("atom.global.add.noftz.f16x2 %r1, [%rd1], %r1;", "atom.global.add.noftz.f16x2"),
        ("mul.s32 %r1, %r1, %r1;", "mul.s32"),
        ("cvt.s32.f32 %r1, %f1;", "a rounding to integers is missing"),
    ],
)
def test_unknown_instructions_are_named(line: str, named: str) -> None:
    text = kernel_text(line + "\n    frobnicate.b32 %r1;")
    with pytest.raises(PtxError) as caught:
        Module(text).kernel().run(1, 32, [])
    assert named in str(caught.value)
    assert "frobnicate.b32" in str(caught.value), "all of them are named at once"
    assert "(line " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hello", "line 1: expected a directive"),
        (".visible .entry f() { add.s32 %r1 %r2; }", "line 1: expected ',' or ';'"),
        (".version 8.0\n.visible .entry f() { ^ }", r"line 2: '\^ }' is not PTX"),
    ],
)
def test_text_that_is_no_ptx(text: str, told: str) -> None:
    with pytest.raises(PtxError, match=told):
        Module(text)


def test_kernels_are_found_by_part_of_their_name() -> None:
    text = kernel_text("") + kernel_text("").replace("test", "_Z5other7mangled").split("64\n", 1)[1]
    module = Module(text)
    assert module.kernel("other").name == "_Z5other7mangled"
    assert module.kernel("test").name == "test"
    for name in ("", "absent"):
        with pytest.raises(PtxError, match="there are: test, _Z5other7mangled"):
            module.kernel(name)


def test_debug_information_is_skipped() -> None:
    text = kernel_text("""
    .loc 1 20 3
    mov.u32 %r1, 1; // a comment; with a semicolon
    /* add.s32
       %r1; */
    .pragma "nounroll";
    mov.u32 %r2, 0x10U; mov.u32 %r3, 010; mov.f32 %f1, 0fBF800000; mov.f64 %fd1, 0d3FF0000000000000;
    """)
    text += '.file 1 "somewhere.py"\n.section .debug_info\n{\n.b8 1\n}\n'
    report = Module(text).kernel().run(1, 1, [])
    assert report.instructions["mov.u32"] == 4


def test_recursion_is_refused() -> None:
    function = ".func f() { call.uni f, (); ret; }"
    with pytest.raises(PtxError, match="f calls itself"):
        Module(kernel_text("call.uni f, ();", before=function)).kernel()
