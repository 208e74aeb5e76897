"""Slopes of a picture as complex numbers, and the place of a piece of it.

After the examples of `scipy.signal.convolve2d` and `correlate2d` in SciPy's documentation.
"""

import numpy as np
from scipy import signal

rows, columns = np.mgrid[0:96, 0:120]
picture = (
    128
    + 60 * np.sin(rows / 7) * np.cos(columns / 11)
    + 40 * (np.hypot(rows - 40, columns - 70) < 17)
)
picture = picture.astype(np.uint8)

scharr = np.array(
    [[-3 - 3j, 0 - 10j, +3 - 3j], [-10 + 0j, 0 + 0j, +10 + 0j], [-3 + 3j, 0 + 10j, +3 + 3j]]
)
slopes = signal.convolve2d(picture, scharr, boundary="symm", mode="same")
steepest = np.unravel_index(np.abs(slopes).argmax(), slopes.shape)
print("slopes", slopes.dtype, slopes.shape)
print(
    "steepest",
    steepest,
    np.round(np.abs(slopes[steepest]), 6),
    np.round(np.angle(slopes[steepest]), 6),
)

mean = picture - picture.mean()
template = np.copy(mean[30:61, 55:90])
template -= template.mean()
rng = np.random.default_rng(18)
noisy = mean + rng.standard_normal(mean.shape) * 30
match = signal.correlate2d(noisy, template, boundary="symm", mode="same")
print("found at", np.unravel_index(np.argmax(match), match.shape))
print("match", np.round(match.max(), 5), np.round(match[::31, ::37], 5).tolist())

blur = np.ones((3, 3), dtype=np.uint8)
for boundary in ("fill", "wrap", "symm"):
    blurred = signal.convolve2d(picture, blur, mode="same", boundary=boundary, fillvalue=7)
    print(boundary, blurred.dtype, int(blurred.sum()), blurred[0, :5], blurred[-1, -5:])
