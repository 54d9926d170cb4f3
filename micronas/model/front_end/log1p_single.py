"""log(1 + x) in single precision, with the rounding errors of the usual C library.

The tables of a front end whose original was written in C follow from the ``log1pf`` of its C library, which
is off by one unit in the last place for some arguments: that of fdlibm (Sun Microsystems 1993), in newlib and
in glibc before 2.41. This is that algorithm in NumPy, so that every machine gets the same tables.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]

_FACTORS = np.array(
    [0x3F2AAAAB, 0x3ECCCCCD, 0x3E924925, 0x3E638E29, 0x3E3A3325, 0x3E1CD04F, 0x3E178897], np.uint32
).view(np.float32)
"""Of z, z^2, ... in log(1 + f) - f + f^2 / 2: close to 2/3, 2/5, 2/7, ..."""
_LN2_HIGH, _LN2_LOW = np.array([0x3F317180, 0x3717F7D1], np.uint32).view(np.float32)
_DIRECT = np.array([0x3ED413D7], np.uint32).view(np.float32)[0]
"""sqrt(2) - 1: up to it, x itself is small enough for the series."""
_FRACTION, _HALF_OF_ROOT = 0x007FFFFF, 0x3504F7
"""Bits of a fraction; those of sqrt(2), from which on the exponent is one more."""


def log1p_single(x: Singles) -> Singles:
    """log(1 + ``x``) for ``x`` float32 of at least 2^-20, or 0."""
    exponent, rest, lost = _reduced(x)
    half = np.float32(0.5) * rest * rest
    s = rest / (np.float32(2) + rest)
    z = s * s
    series = np.zeros_like(z)
    for factor in _FACTORS[::-1]:
        series = z * (factor + series)
    direct = rest - (half - s * (half + series))
    low = exponent * _LN2_LOW + lost
    shifted = exponent * _LN2_HIGH - ((half - (s * (half + series) + low)) - rest)
    return np.where(x < _DIRECT, direct, shifted).astype(np.float32)


def _reduced(x: Singles) -> tuple[Singles, Singles, Singles]:
    """1 + x = 2^exponent (1 + rest), and what the rounding of 1 + x lost, as a share of it."""
    whole = np.float32(1) + x
    bits = whole.view(np.int32)
    exponent = (bits >> 23) - 127
    lost = np.where(exponent > 0, np.float32(1) - (whole - x), x - (whole - np.float32(1))) / whole
    fraction = bits & _FRACTION
    above = fraction >= _HALF_OF_ROOT
    rest = (fraction | np.where(above, 0x3F000000, 0x3F800000)).astype(np.int32).view(np.float32)
    rest = np.where(x < _DIRECT, x, rest - np.float32(1)).astype(np.float32)
    return (exponent + above).astype(np.float32), rest, lost.astype(np.float32)
