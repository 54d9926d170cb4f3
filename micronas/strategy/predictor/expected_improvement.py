"""How far below a threshold an error may be expected to fall: what every gain of this package is made of.

The error's logarithm is normal. E[max(0, t - error)] is then what the price of a European put is made of
(Black and Scholes 1973): t F(d) - exp(m + s^2 / 2) F(d - s) with d = (ln t - m) / s, F the normal
distribution. An error stays above zero, however wide the spread; where it is normal itself, expected
improvement (Jones, Schonlau and Welch 1998) counts accuracies above 1 as gains.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def normal_cdf(x: Vector) -> Vector:
    """The share of a standard normal distribution below ``x``."""
    return np.asarray(0.5 * (1.0 + _erf(np.asarray(x) / math.sqrt(2.0))), np.float64)


def expected_improvement(threshold: Vector, log_mean: Vector, log_spread: Vector) -> Vector:
    """E[max(0, threshold - error)], shapes broadcast; 0 for a threshold that no error can fall below.

    ``log_mean`` and ``log_spread`` (above zero) are of the error's natural logarithm.
    """
    possible = np.asarray(threshold) > 0.0
    safe = np.where(possible, threshold, 1.0)
    d = (np.log(safe) - log_mean) / log_spread
    below = safe * normal_cdf(d) - np.exp(log_mean + log_spread**2 / 2) * normal_cdf(d - log_spread)
    return np.where(possible, np.maximum(below, 0.0), 0.0)
