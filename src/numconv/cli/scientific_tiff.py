"""TIFF with samples that Pillow does not know, by tifffile: floats, planes, deep colours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .pictures import Picture, levels

# TIFF's tag of orientation: how rows and columns (H, W, ...) become upright.
_UPRIGHT = {
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: rows[::-1].swapaxes(0, 1),
    7: lambda rows: rows[::-1, ::-1].swapaxes(0, 1),
    8: lambda rows: rows[:, ::-1].swapaxes(0, 1),
}


def read(stream: IO[bytes]) -> Picture:
    """Return the first page of a TIFF with samples that Pillow knows nothing of."""
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    stream.seek(0)
    with TiffFile(stream) as tiff:
        page: Any = tiff.pages[0]
        samples, axes = page.asarray(), page.axes
        number = len(tiff.pages)
        turn = page.tags.get("Orientation")
        kept = {name: tag.value for name, tag in (("icc_profile", page.tags.get(34675)),) if tag}
    if axes == "SYX":
        samples, axes = np.moveaxis(samples, 0, -1), "YXS"
    if axes not in ("YX", "YXS") or (axes == "YXS" and samples.shape[2] > 4):
        raise ValueError(f"its axes are {axes} of {samples.shape}, not those of a picture")
    if turn is not None:
        samples = _UPRIGHT.get(int(turn.value), lambda rows: rows)(samples)
    notes = (f"the first of {number} pages",) if number > 1 else ()
    grey = axes == "YX" or samples.shape[2] < 3
    if samples.dtype in (np.uint8, np.uint16):
        colours, alpha = levels(samples, 1 if grey else 3)
        return Picture(colours, alpha, samples.dtype.name, kept, notes)
    values = np.atleast_3d(samples).transpose(2, 0, 1).astype(np.float32)
    count = 1 if grey else 3
    opacity = values[count] if len(values) > count else None
    return Picture(np.ascontiguousarray(values[:count]), opacity, "float32", kept, notes)


def write(path: Path, samples: NDArray[Any], kept: Mapping[str, Any]) -> None:
    """Write samples (H, W, C), with the ``icc_profile`` and ``dpi`` of `kept`."""
    from tifffile import imwrite

    colours = 3 if samples.shape[2] > 2 else 1
    imwrite(
        path,
        samples if samples.shape[2] > 1 else samples[..., 0],
        photometric="rgb" if colours == 3 else "minisblack",
        extrasamples=["unassalpha"] * (samples.shape[2] - colours),
        planarconfig="contig" if samples.shape[2] > 1 else None,
        compression="zlib",
        predictor=samples.dtype == np.uint16,
        iccprofile=kept.get("icc_profile"),
        resolution=kept.get("dpi"),
        resolutionunit="inch" if "dpi" in kept else None,
        metadata=None,
    )
