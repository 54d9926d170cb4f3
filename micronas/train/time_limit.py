"""Time limit of a long computation: wall clock, CPU seconds of its process, or both."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class TimeLimit:
    """Limits in seconds; infinite if there is none.

    A budget in CPU seconds must not be converted to wall-clock time: on a shared machine, less work would be
    done.
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


UNLIMITED = TimeLimit()


class Stopwatch:
    """Wall-clock and CPU seconds of this process since the object was created."""

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

    def share_of(self, limit: TimeLimit) -> float:
        """How much of ``limit`` has passed: 1 at the first of its ends, 0 without a limit."""
        return max(self.wall_s / max(limit.wall_s, 1e-9), self.cpu_s / max(limit.cpu_s, 1e-9))

    def within(self, limit: TimeLimit) -> bool:
        """Whether neither limit has passed."""
        return self.wall_s < limit.wall_s and self.cpu_s < limit.cpu_s
