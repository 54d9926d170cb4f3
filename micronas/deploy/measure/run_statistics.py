"""Statistics of repeated runs: median, spread and outliers."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

_FENCE = 1.5  # interquartile ranges beyond the quartiles (Tukey 1977)
_NOTHING = 0.001  # of the median: a smaller deviation is never an outlier, however similar the other runs are


@dataclass(frozen=True)
class RunStatistics:
    """Counts of the timed runs in order, all of the same input, after ``warm_up`` runs that are not counted.

    Outliers are shown and never removed: they hardly affect the median, and they show that something
    disturbed the device.
    """

    counts: tuple[int, ...]
    warm_up: int

    @property
    def median(self) -> float:
        """Median of the counts."""
        return statistics.median(self.counts)

    @property
    def iqr(self) -> float:
        """Interquartile range; 0 in an emulator and for a single run."""
        low, high = self._quartiles()
        return high - low

    @property
    def outliers(self) -> tuple[int, ...]:
        """Counts more than 1.5 interquartile ranges (and 0.1 % of the median) beyond the quartiles."""
        low, high = self._quartiles()
        reach = max(_FENCE * (high - low), _NOTHING * self.median)
        return tuple(c for c in self.counts if c < low - reach or c > high + reach)

    def _quartiles(self) -> tuple[float, float]:
        if len(self.counts) < 2:
            return float(self.counts[0]), float(self.counts[0])
        low, _, high = statistics.quantiles(self.counts, n=4, method="inclusive")
        return low, high
