"""What the stages of a round are called, and how the record of an operand looks."""

from __future__ import annotations

MOST_OUTLIERS = 64

# The record of an operand: how many outliers it has, or -1 if too many values are not finite; the
# exponent of the power of two that scales it; the norm of what is not an outlier, in scaled values,
# and in units of its largest value; then the outliers' indices, and their absolute values.
HEAD = 4
RECORD = HEAD + 2 * MOST_OUTLIERS

# The stages of a round: measure the operands; transform columns; transform the taps along the
# middle axis; all other axes forward, product, and back; transform columns back; finish.
MEASURE, FORWARD, MIDDLE, MULTIPLY, BACKWARD, FINISH = range(6)
