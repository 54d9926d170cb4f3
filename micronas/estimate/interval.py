"""95 % intervals: of an accuracy, Wilson's or over whole groups; of a rate of events, Poisson's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from micronas.estimate.gap import LEVEL, Hits, Labels, drawn_accuracies
from micronas.trial import Json

_Z = 1.959964
"""The normal distribution has 95 % of its mass within this many standard deviations."""
_MASS = 0.95
_HALVINGS = 60
"""More than a float's bits."""


@dataclass(frozen=True)
class Interval:
    """``low`` to ``high``; ``method`` says how it was computed."""

    low: float
    high: float
    method: str

    def to_json(self) -> dict[str, Json]:
        """Every field, and the level."""
        return {"level": 0.95, "low": self.low, "high": self.high, "method": self.method}


def accuracy_interval(hits: Hits, groups: Labels | None) -> Interval:
    """From whether each sample is recognised (N,), and its group; equal inputs give an equal interval.

    Without groups it is Wilson's (1927), which is right near 0 and 1, too. With groups, whole groups are
    resampled: samples of one speaker succeed and fail together.
    """
    if groups is None or len(np.unique(groups)) < 2:
        return wilson_interval(int(hits.sum()), len(hits))
    drawn = drawn_accuracies(np.random.default_rng(0), hits, groups)
    low, high = (float(v) for v in np.percentile(drawn, LEVEL))
    return Interval(low, high, f"bootstrap over {len(np.unique(groups))} groups")


def wilson_interval(hits: int, of: int) -> Interval:
    """Of a share of independent samples (Wilson 1927)."""
    share, z2 = hits / of, _Z**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach), "Wilson")


def poisson_interval(events: int, hours: float) -> Interval:
    """Of the events per hour, from how many were counted in ``hours``: exact (Garwood 1936)."""
    tail = (1 - _MASS) / 2
    low = _mean_with(events - 1, 1 - tail) if events else 0.0
    return Interval(low / hours, _mean_with(events, tail) / hours, "Poisson, exact")


def _mean_with(count: int, share: float) -> float:
    """The mean at which a Poisson variable is at most ``count`` with probability ``share``; by bisection."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(_HALVINGS):
        mean = (low + high) / 2
        low, high = (mean, high) if _at_most(count, mean) > share else (low, mean)
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """The probability that a Poisson variable of ``mean`` is at most ``count``."""
    return math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1))
