"""What `explain` takes."""

from __future__ import annotations

import pytest

import numconv


def test_of_operands_among_the_parameters_the_shape_will_do() -> None:
    explained = numconv.explain(
        "conv2d", (1, 3, 8, 8), (4, 3, 3, 3), bias=(4,), residual=(1, 4, 6, 6)
    )
    epilogue = explained.stages[0].problem.epilogue
    assert (epilogue.bias, epilogue.residual) == (True, True)
    with pytest.raises(numconv.ArgumentError, match=r"bias=\(5,\)"):
        numconv.explain("conv2d", (1, 3, 8, 8), (4, 3, 3, 3), bias=(5,))
    block = numconv.explain(
        "involution_block2d", (1, 4, 8, 8), (2, 4), (9, 2), kernel_size=3, span_bias=(9,)
    )
    assert len(block.stages) >= 2
