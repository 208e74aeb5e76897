"""What `fft` and `spectral` share: stages of Fourier transforms, and which problems they suit.

`lines` transforms columns of complex numbers, a vector of them at a time, by the `butterflies`
and factors (`twiddles`) of each stage. Importing it imports no Numba.
"""
