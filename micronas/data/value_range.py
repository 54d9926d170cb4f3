"""The range that a data set's values really use, which outliers do not stretch.

A type's range says nothing about the values: 12-bit counts of a converter fill a sixteenth of int16. One
glitch among millions of values says as little. Int8 quantization has 255 steps for the whole range, so both
would leave few of them for the signal.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

TAILS = (0.1, 99.9)
"""Percentiles that bound the bulk of the values."""

REACH = 1.0
"""How far beyond the bulk, in spans of it, a value may be and still belong to the range: impulses do."""


def robust_range(x: npt.NDArray[np.generic], tails: tuple[float, float] = TAILS) -> tuple[float, float]:
    """(lowest, highest) of the finite values of ``x``, without those far outside the bulk; (0, 1) if empty.

    ``tails`` are the percentiles that bound the bulk.

    Values of which all but a few are equal have no bulk to compare with: the range is then all of them.
    """
    finite = x[np.isfinite(x)]
    if not finite.size:
        return 0.0, 1.0
    least, most = float(finite.min()), float(finite.max())
    low, high = (float(v) for v in np.percentile(finite, tails))
    if low == high:
        return least, most
    slack = REACH * (high - low)
    return max(least, low - slack), min(most, high + slack)


def power_of_two_above(low: float, high: float) -> float:
    """The smallest power of two that no magnitude of ``low`` to ``high`` exceeds; at least 1."""
    return 2.0 ** math.ceil(math.log2(max(1.0, abs(low), abs(high))))


def outlier_note(x: npt.NDArray[np.float32], low: float, high: float) -> str:
    """What lies outside ``low`` to ``high``, for the user; empty if nothing does. ``x`` is (samples, ...)."""
    outside = ((x < low) | (x > high)).reshape(len(x), -1)
    count = int(outside.sum())
    if not count:
        return ""
    least, most = float(x.min()), float(x.max())
    first = int(np.flatnonzero(outside.any(axis=1))[0])
    return (
        f"{count:,} of {x.size:,} values lie outside {low:g} to {high:g} (all span {least:g} to {most:g}; "
        f"the first is in training sample {first}): int8 networks clip them; remove them if they are errors"
    )
