"""Recover a square signal from noise, then the delay of an echo.

After the examples of `scipy.signal.correlate` and `correlation_lags` in SciPy's documentation.
"""

import numpy as np
from scipy import signal

rng = np.random.default_rng(17)
bits = np.array([0.0, 1, 1, 0, 1, 0, 0, 1])
sent = np.repeat(bits, 128)
received = sent + rng.standard_normal(sent.size)
smooth = signal.correlate(received, np.ones(128), mode="same") / 128
clock = np.arange(64, sent.size, 128)
print("received", (smooth[clock] > 0.5).astype(int))
print("at the clock", np.round(smooth[clock], 9))

chirp = np.sin(2 * np.pi * (np.arange(128) / 128) ** 2 * 9)
echo = np.concatenate([rng.standard_normal(77), chirp + 0.3 * rng.standard_normal(128)])
similarity = signal.correlate(echo, chirp)
lags = signal.correlation_lags(echo.size, chirp.size)
print("delay", lags[np.argmax(similarity)])
print("similarity", np.round(similarity / similarity.max(), 9)[::25])

for mode in ("full", "same", "valid"):
    lags = signal.correlation_lags(echo.size, chirp.size, mode=mode)
    found = signal.correlate(echo, chirp, mode=mode, method="fft")
    print(mode, lags[[0, -1]], lags[found.argmax()], found.dtype, found.shape)
