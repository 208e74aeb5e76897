"""Every kernel of the backend `cuda`, with the most that it may take of a GPU.

``python tests/cuda/catalogue.py`` prints them as the table of `docs/cuda.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numconv.core.problems import GeneratedInvolutionProblem
from numconv_cuda import strided
from numconv_cuda.columns import ROWS
from numconv_cuda.compile import Capability, Kernel, ptx
from numconv_cuda.convolution import depthwise_kernel as depthwise
from numconv_cuda.convolution import product
from numconv_cuda.involution import algorithm as involution
from numconv_cuda.involution import block, block_kernel
from numconv_cuda.involution import kernel as columns
from numconv_cuda.loops import kernels as loops
from resources import Resources, measure, nvdisasm, occupancy

COLUMN_SPILLS = 64
TARGETS: dict[str, Capability] = {"sm_75": (7, 5), "sm_80": (8, 0), "sm_90": (9, 0)}


@dataclass(frozen=True)
class Bounded:
    """A kernel for a dtype, and the bytes that it may spill in a thread."""

    kernel: Kernel
    dtype: str
    spills: int = 0

    @property
    def name(self) -> str:
        return f"{self.kernel.name}-{self.dtype}"

    def measure(self, target: str, *, disassembled: bool = True) -> Resources:
        text, _ = ptx(self.kernel, self.dtype, TARGETS[target])
        return measure(text, target, disassembled=disassembled and nvdisasm() is not None)


def kernels() -> Iterator[Bounded]:
    """Yield every kernel, without an activation, and one with the longest."""
    for dtype in ("float32", "float64", "float16"):
        for tile in product.tiles(dtype):
            # Sums, the next reads and all addresses are a little more than 128 registers hold.
            spills = {"128x128": 400, "64x64": 32, "32x128": 32}[tile.name]
            yield Bounded(product.kernel(tile, None), dtype, spills)
        for rows in (1, ROWS):
            yield Bounded(depthwise.kernel(rows, None), dtype, COLUMN_SPILLS)
            for channels in involution.channels(dtype):
                column = columns.Column(rows, channels)
                yield Bounded(columns.kernel(column, None), dtype, COLUMN_SPILLS)
    for dtype, size in (("float32", 3), ("float32", 5), ("float32", 7), ("float64", 5)):
        yield Bounded(block_kernel.kernel(block.block_of(_block(size, dtype)), None), dtype)
    yield Bounded(product.kernel(product.LARGE, "gelu"), "float32", 400)
    for dtype in ("float32", "complex128", "int8"):
        for make in (loops.forward, loops.input_gradient, loops.involution):
            yield Bounded(loops.kernel(make, None), dtype)
    for dtype in ("int8", "int32", "complex128"):
        yield Bounded(strided.KERNEL, dtype)


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
