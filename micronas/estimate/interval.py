"""The 95 % confidence interval of an accuracy: Wilson's, or over whole groups where samples share one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from micronas.estimate.gap import LEVEL, Hits, Labels, drawn_accuracies
from micronas.trial import Json

_Z = 1.959964
"""The normal distribution has 95 % of its mass within this many standard deviations."""


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
        return _wilson(int(hits.sum()), len(hits))
    drawn = drawn_accuracies(np.random.default_rng(0), hits, groups)
    low, high = (float(v) for v in np.percentile(drawn, LEVEL))
    return Interval(low, high, f"bootstrap over {len(np.unique(groups))} groups")


def _wilson(hits: int, of: int) -> Interval:
    share, z2 = hits / of, _Z**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach), "Wilson")
