"""The numbers that the kernels of `winograd` are told, by name."""

from __future__ import annotations

NUMBERS = (
    "batch",
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "given_height",
    "given_width",
    "lanes",
    "rows",  # tiles of a register tile
    "few_rows",  # of the one for what is left over
    "columns",  # result channels of a register tile
    "side",  # results along a tile's side
    "patch",  # samples along the side of what a tile sees
    "tiles_y",  # of an image
    "tiles_x",
    "tiles",  # of all images
    "block",  # tiles whose samples stand together, transformed
    "blocks",
    "strips",  # of result channels in a group, each as wide as a register tile
    "strips_per_task",
    "given_blocks",  # of given channels, a vector each
    "weight_blocks",  # of them, whose weights a task transforms at a time
    "padded_block",  # tiles of a block, up to whole register tiles
    "shared_samples",  # whether transformed samples stand in memory for all tasks
    "shared_weights",
    "prepared",  # whether the weights come transformed
    "sample_tasks",
    "weight_tasks",
    "product_tasks",
    "row_stride",  # of the weights, between result channels
    "channel_stride",
    "group_stride",
    "channels_together",  # given channels whose taps follow each other
    "first_tap",  # the weights' taps forwards or backwards
    "tap_step",
    "first_inside",  # positions of a padded row that are samples side by side
    "last_inside",
    "at_y",  # tables: the sample at each position of the padded axes, or -1
    "at_x",
    "at_places",  # table: where the plane of each result channel begins
    "sample_point",  # elements from one point's transformed samples to the next's
    "sample_block",
    "weight_point",
    "weight_strip",
    "product_point",
    "at_samples",  # in the workspace
    "at_weights",
    "at_masks",
    "at_workers",
    "worker",  # elements of a worker's own memory, and where in it things begin
    "own_samples",
    "own_weights",
    "own_products",
    "own_patch",
    "own_sums",
    "own_results",
    "own_bias",
    "own_taps",
    "own_extremes",
    "result_height",
    "result_width",
    "bias",  # the epilogue
    "residual",
    "activation",
)
