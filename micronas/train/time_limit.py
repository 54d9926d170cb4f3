"""How long a long computation may take, by the wall clock, by CPU seconds of its process, or by both."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class TimeLimit:
    """Seconds; infinite where there is no limit.

    A budget in CPU seconds must not be read off the wall clock: on a machine that others load too, the work
    would shrink with their load.
    """

    wall_s: float = math.inf
    cpu_s: float = math.inf

    def times(self, factor: float) -> TimeLimit:
        """Both limits multiplied."""
        return TimeLimit(factor * self.wall_s, factor * self.cpu_s)

    @property
    def is_limited(self) -> bool:
        """Whether either limit is finite."""
        return math.isfinite(self.wall_s) or math.isfinite(self.cpu_s)


class Stopwatch:
    """Wall-clock and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    @property
    def wall_s(self) -> float:
        """Wall-clock seconds."""
        return time.monotonic() - self._wall

    @property
    def cpu_s(self) -> float:
        """CPU seconds."""
        return time.process_time() - self._cpu

    def within(self, limit: TimeLimit) -> bool:
        """Whether neither limit has passed."""
        return self.wall_s < limit.wall_s and self.cpu_s < limit.cpu_s
