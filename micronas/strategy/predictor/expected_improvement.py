"""Expected improvement of an error below a threshold, the basis of every gain in this package.

The error's logarithm is normal. E[max(0, t - error)] then has the form of the price of a European put (Black
and Scholes 1973): t F(d) - exp(m + s^2 / 2) F(d - s) with d = (ln t - m) / s, F the normal distribution. The
error stays above zero for every spread. With a normal error, expected improvement (Jones, Schonlau and Welch
1998) would count accuracies above 1 as gains.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def normal_cdf(x: Vector) -> Vector:
    """The cumulative standard normal distribution at ``x``."""
    return np.asarray(0.5 * (1.0 + _erf(np.asarray(x) / math.sqrt(2.0))), np.float64)


def expected_improvement(threshold: Vector, log_mean: Vector, log_spread: Vector) -> Vector:
    """E[max(0, threshold - error)], shapes broadcast; 0 for a threshold at or below zero.

    ``log_mean`` and ``log_spread`` (above zero) are of the error's natural logarithm.
    """
    possible = np.asarray(threshold) > 0.0
    safe = np.where(possible, threshold, 1.0)
    d = (np.log(safe) - log_mean) / log_spread
    below = safe * normal_cdf(d) - np.exp(log_mean + log_spread**2 / 2) * normal_cdf(d - log_spread)
    return np.where(possible, np.maximum(below, 0.0), 0.0)
