"""Every kernel of the backend `cuda`, with the most that it may take of a GPU.

``python tests/cuda/catalogue.py`` prints them as the table of `docs/cuda.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from numconv.core.problems import ConvolutionProblem, GeneratedInvolutionProblem
from numconv_cuda import columns, extremes, strided, widen
from numconv_cuda.compile import Capability, Kernel
from numconv_cuda.convolution import depthwise_kernel as depthwise
from numconv_cuda.convolution import padding, product
from numconv_cuda.convolution import tensor_product as tensor
from numconv_cuda.involution import block, block_kernel
from numconv_cuda.involution import kernel as involution
from numconv_cuda.involution.algorithm import ROWS
from numconv_cuda.loops import kernels as loops
from resources import Resources, measure, nvdisasm, occupancy
from shared_ptx import ptx

COLUMN_SPILLS = 64
TARGETS: dict[str, Capability] = {"sm_75": (7, 5), "sm_80": (8, 0), "sm_90": (9, 0)}


@dataclass(frozen=True)
class Bounded:
    """A kernel for a dtype, and the bytes that it may spill in a thread."""

    kernel: Kernel
    dtype: str
    spills: int = 0
    shared: int = 0
    """What its launches ask for besides what it declares."""

    least: str = "sm_75"
    """The first of the targets that has its instructions."""

    @property
    def name(self) -> str:
        return f"{self.kernel.name}-{self.dtype}"

    def measure(self, target: str, *, disassembled: bool = True) -> Resources:
        found = _measured(self.kernel, self.dtype, target, disassembled)
        return replace(found, shared=found.shared + self.shared)

    def targets(self) -> Iterator[str]:
        """Yield the targets that have its instructions."""
        yield from (each for each in TARGETS if TARGETS[each] >= TARGETS[self.least])


@cache
def _measured(kernel: Kernel, dtype: str, target: str, disassembled: bool) -> Resources:
    text, _ = ptx(kernel, dtype, TARGETS[target])
    return measure(text, target, disassembled=disassembled and nvdisasm() is not None)


def kernels() -> Iterator[Bounded]:
    """Yield every kernel, without an activation, and one with the longest."""
    for dtype in ("float32", "float64", "float16"):
        for tile in product.tiles(dtype):
            # Sums, the next reads and all addresses are a little more than 128 registers hold.
            spills = {"128x128": 128, "64x64": 16, "32x128": 16}[tile.name]
            yield Bounded(product.kernel(tile, None), dtype, spills)
        for column in columns_of(dtype, columns.ROWS):
            yield Bounded(depthwise.kernel(column, dtype, None), dtype, COLUMN_SPILLS)
        for column in columns_of(dtype, ROWS):
            if not column.gaps:
                yield Bounded(involution.kernel(column, None), dtype, COLUMN_SPILLS)
        for name in ("pad", "fold"):
            yield Bounded(padding.kernel(name), dtype)
    for form in tensor.FORMS:
        dtype = "float16" if form == "float16" else "float32"
        for tile in tensor.TILES:
            spills = {"128x128": 200, "64x64": 16, "32x128": 32}[tile.name]
            single = (tensor.Vectors(),) if tile is tensor.LARGE else ()
            for vectors in (*single, tensor.Vectors(True, True)):
                kernel = tensor.kernel(tile, form, vectors, None)
                yield Bounded(kernel, dtype, spills, tensor.shared_bytes(tile, form), "sm_80")
    for dtype, size in (("float32", 3), ("float32", 5), ("float32", 7), ("float64", 5)):
        yield Bounded(block_kernel.kernel(block.block_of(_block(size, dtype)), None), dtype)
    yield Bounded(product.kernel(product.LARGE, "gelu"), "float32", 128)
    for dtype in ("float32", "complex128", "int8"):
        for make in (loops.forward, loops.input_gradient, loops.involution):
            yield Bounded(loops.kernel(make, None), dtype)
    for dtype in ("int8", "int32", "complex128"):
        yield Bounded(strided.KERNEL, dtype)
    yield Bounded(widen.KERNEL, "float16")
    yield Bounded(widen.KERNEL, "uint8")
    for dtype, kernel in (("int8", extremes.SIGNED), ("uint64", extremes.UNSIGNED)):
        yield Bounded(kernel, dtype)


# Taps along each axis, stride, channels of a group, and whether in both directions.
LAYERS = {
    "float32": ((3, 1, 1, 2), (3, 2, 1, 2), (7, 1, 1, 2), (7, 1, 4, 2)),
    "float64": ((3, 1, 1, 2), (7, 1, 2, 1)),
    "float16": ((3, 1, 1, 1), (3, 1, 4, 1)),
}


def columns_of(dtype: str, rows: tuple[int, ...]) -> list[columns.Column]:
    """Return what threads have for some layers of `dtype`, with up to so many rows."""
    found: dict[columns.Column, None] = {}
    for taps, stride, channels, directions in LAYERS[dtype]:
        for direction in ("forward", "input_gradient")[:directions]:
            problem = ConvolutionProblem(
                batch=1,
                in_channels=channels,
                out_channels=channels,
                input_shape=(56, 56),
                kernel_shape=(taps, taps),
                stride=(stride, stride),
                padding=((taps // 2, taps // 2),) * 2,
                dilation=(1, 1),
                dtype=dtype,
                direction=direction,
            )
            found[columns.column(problem, rows)] = None
    return list(found)


def _block(size: int, dtype: str) -> GeneratedInvolutionProblem:
    return GeneratedInvolutionProblem(
        batch=1,
        channels=64,
        hidden_channels=16,
        groups=4,
        input_shape=(56, 56),
        kernel_shape=(size, size),
        stride=(1, 1),
        padding=((size // 2, size // 2),) * 2,
        dilation=(1, 1),
        dtype=dtype,
    )


def table(target: str = "sm_90") -> Iterator[str]:
    """Yield the lines of a table of what each kernel takes, in Markdown."""
    yield "| kernel | dtype | threads | registers | spilled bytes | shared bytes | occupancy |"
    yield "|---|---|---|---|---|---|---|"
    for each in kernels():
        found = each.measure(target, disassembled=False)
        busy = occupancy(target, each.kernel.threads, found.registers, found.shared)
        yield (
            f"| {each.kernel.name.removesuffix('-None')} | {each.dtype} | {each.kernel.threads} "
            f"| {found.registers} | {found.spill_stores} | {found.shared} | {busy:.0%} |"
        )


if __name__ == "__main__":
    print("\n".join(table()))
