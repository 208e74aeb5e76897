"""The numbers that the kernels of `fft` are told, by name."""

from __future__ import annotations

from ...kernel.records import RESULT

NUMBERS = (
    *RESULT,
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "given_height",
    "given_width",
    "kernel_height",
    "kernel_width",
    "lanes",
    "rows",  # of a block
    "columns",
    "folded",  # whether a block is a piece of a signal, row by row
    "pitch",  # of a block's rows
    "spectrum_pitch",  # likewise, transposed
    "imaginary",  # elements from the real parts to the imaginary ones
    "spectrum",  # elements of a spectrum
    "step_y",  # results of a block, and so samples from one block to the next
    "step_x",
    "row_step_y",  # samples from one row of a block to the next
    "row_step_x",
    "blocks",  # of an image
    "blocks_x",
    "pairs",
    "padded_height",
    "padded_width",
    "at_y",  # tables of what `padding.Lines` tells of each axis
    "at_x",
    "first_inside",  # positions of a padded row that are samples side by side
    "last_inside",
    "first_seen",  # before and after which there are zeros only
    "last_seen",
    "at_plane_offsets",  # table: where the plane of each result channel begins
    "at_stages_y",  # tables: the stages of the transforms along columns and rows
    "at_stages_x",
    "at_step_twiddles",  # in the factors: those between the two transforms of a folded block
    "cell_y",  # sides of a cell, whose samples are added up
    "cell_x",
    "cells_y",  # in a block, a piece of a signal being one row
    "cells_x",
    "cells",
    "whole_y",  # cells in the windows of all results of a square of results
    "whole_x",
    "row_stride",  # of the weights, between result channels
    "channel_stride",
    "group_stride",
    "first_tap",  # the weights' taps forwards or backwards
    "tap_step",
    "prepared",  # whether the weight begins with its spectra
    "at_taps",  # where in the weight its taps begin
    "weight_tasks",
    "pair_tasks",
    "at_spectra",  # in the workspace
    "at_workers",
    "worker",  # elements of a worker's own memory, and where in it things begin
    "own_block",
    "own_total",
    "own_spectra",
    "own_band",
    "own_largest",
    "own_cells",
    "own_lines",
    "own_window_sums",
    "own_samples",
)

LIMITS = (
    "least",  # what absolute values may add up to, unless it is nothing
    "most",
    "share",  # of the root of the largest sample times their sum: the least window sum
    "least_taps",  # of the size of a filter's largest one, that the others add up to with it
)
