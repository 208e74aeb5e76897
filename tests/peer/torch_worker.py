"""Computes configurations with PyTorch, in a process of its own.

Called as ``python torch_worker.py CONFIGURATIONS.json ARRAYS.npz RESULTS.npz``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812


def pad(x: Any, pairs: list[list[int]], mode: str) -> Any:
    flat = [number for pair in reversed(pairs) for number in pair]
    return F.pad(x, flat, mode="constant" if mode == "zeros" else mode)


def convolve(axes: int, x: Any, weight: Any, bias: Any, parameters: dict[str, Any]) -> Any:
    function = getattr(F, f"conv{axes}d")
    keywords = {key: parameters[key] for key in ("stride", "dilation", "groups")}
    if parameters["pairs"] is None:
        return function(x, weight, bias, padding=parameters["padding"], **keywords)
    batched = x if x.ndim == axes + 2 else x[None]
    padded = pad(batched, parameters["pairs"], parameters["padding_mode"])
    result = function(padded, weight, bias, **keywords)
    return result if x.ndim == axes + 2 else result[0]


def transpose(axes: int, x: Any, weight: Any, bias: Any, parameters: dict[str, Any]) -> Any:
    names = ("stride", "padding", "output_padding", "groups", "dilation")
    keywords = {key: parameters[key] for key in names}
    return getattr(F, f"conv_transpose{axes}d")(x, weight, bias, **keywords)


def block(axes: int, x: Any, reduce: Any, span: Any, parameters: dict[str, Any]) -> Any:
    """The involution block in PyTorch's own operations: unfold, then a weighted sum."""
    kernel, stride, dilation = (parameters[key] for key in ("kernel_size", "stride", "dilation"))
    margin = dilation * (kernel - 1) // 2
    function = getattr(F, f"conv{axes}d")
    pooled = getattr(F, f"avg_pool{axes}d")(x, stride, stride, ceil_mode=True)
    kernels = function(torch.relu(function(pooled, reduce)), span)
    batch, channels = x.shape[:2]
    outputs, taps = kernels.shape[2:], kernel**axes
    groups = kernels.shape[1] // taps
    seen = F.pad(x, [margin] * (2 * axes))
    for axis in range(2, 2 + axes):
        seen = seen.unfold(axis, dilation * (kernel - 1) + 1, stride)
    for axis in range(2 + axes, 2 + 2 * axes):
        seen = seen.index_select(axis, torch.arange(kernel) * dilation)
    seen = seen.reshape(batch, groups, channels // groups, *outputs, taps)
    weights = kernels.reshape(batch, groups, 1, taps, *outputs).movedim(3, -1)
    return (seen * weights).sum(-1).reshape(batch, channels, *outputs)


def compute(configuration: dict[str, Any], arrays: Any, index: int) -> np.ndarray[Any, Any]:
    """Return what PyTorch makes of configuration `index`."""
    operands = [
        torch.from_numpy(arrays[f"{index}_{name}"]) if f"{index}_{name}" in arrays else None
        for name in ("x", "weight", "third")
    ]
    kind = {"conv": convolve, "conv_transpose": transpose, "block": block}[configuration["kind"]]
    result = kind(configuration["axes"], *operands, configuration["parameters"])
    return result.numpy()


def main(configurations: str, given: str, results: str) -> None:
    torch.set_num_threads(1)
    with open(configurations) as file:
        wanted = json.load(file)
    with np.load(given) as arrays, torch.inference_mode():
        kept = dict(arrays)
        np.savez(results, **{str(i): compute(each, kept, i) for i, each in enumerate(wanted)})


if __name__ == "__main__":
    main(*sys.argv[1:])
