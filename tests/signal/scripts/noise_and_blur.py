"""Autocorrelation of noise, a blurred picture, a smoothed pulse and a long filtered signal.

After the examples of `scipy.signal.fftconvolve`, `convolve`, `oaconvolve` and
`choose_conv_method` in SciPy's documentation.
"""

import numpy as np
from scipy import signal

rng = np.random.default_rng(19)
noise = rng.standard_normal(1000)
autocorrelation = signal.fftconvolve(noise, noise[::-1], mode="full")
print("impulse at", autocorrelation.argmax(), np.round(autocorrelation.max(), 8))
print("elsewhere", np.round(autocorrelation[::200], 8))

pulse = np.repeat([0.0, 1.0, 0.0], 100)
hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(50) / 49)
filtered = signal.convolve(pulse, hann, mode="same") / sum(hann)
print("pulse", np.round(filtered[70:230:20], 10) + 0.0)

distance = np.arange(70) - 34.5
bell = np.exp(-0.5 * (distance / 8) ** 2)
kernel = np.outer(bell, bell)
picture = rng.integers(0, 256, (160, 210)).astype(np.uint8)
blurred = signal.fftconvolve(picture, kernel, mode="same")
print("blurred", blurred.dtype, blurred.shape, np.round(blurred[::40, ::50], 4).tolist())

long = rng.standard_normal(100_000)
taps = np.sinc((np.arange(512) - 255.5) / 100) * np.hamming(512)
print("filtered", np.round(signal.oaconvolve(long, taps)[::20_000], 8))

method = signal.choose_conv_method(rng.random(4), rng.random(3), mode="same")
print("method", method)
counts = rng.integers(0, 9, 40)
print("counts", signal.convolve(counts, [1, 2, 1], mode="valid", method=method))
