"""A budget in trials."""

from __future__ import annotations

from micronas.errors import plural
from micronas.train.time_limit import TimeLimit


class TrialTermination:
    """A fixed number of trials: the run is a pure function of its seed."""

    def __init__(self, trials: int) -> None:
        self._trials, self._started = trials, 0

    def admits(self, number: int) -> bool:
        """Whether any trials are left."""
        self._started = min(number + 1, self._trials)
        return number < self._trials

    def took(self, seconds: float) -> None:
        """Ignored: time is not limited."""

    def trial_s(self) -> float | None:
        """None: the configuration's own limit is enough."""
        return None

    def stage_limit(self) -> TimeLimit:
        """None: only its epochs limit it."""
        return TimeLimit()

    def stage_done(self) -> None:
        """Ignored: time is not limited."""

    def drain_s(self) -> float | None:
        """None: every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """None: only the epochs limit it."""
        return None

    def final_fit_cpu_s(self, networks: int) -> float | None:
        """None: only the epochs limit it."""
        return None

    def final_takes(self, cpu_s: float, enough_s: float, trial_s: float) -> None:
        """Ignored: time is not limited."""

    def admits_s(self, cpu_s: float) -> bool:
        """Always: time is not limited."""
        return True

    def left(self) -> str:
        """Trials not yet started."""
        return plural(self._trials - self._started, "trial")
