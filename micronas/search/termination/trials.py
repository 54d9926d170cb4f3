"""A budget in trials."""

from __future__ import annotations

from micronas.errors import plural
from micronas.train.time_limit import TimeLimit


class TrialTermination:
    """A fixed number of trials: the run is a pure function of its seed."""

    def __init__(self, trials: int) -> None:
        self._trials, self._number = trials, 0

    def admits(self, number: int) -> bool:
        """Whether there are trials left."""
        self._number = number
        return number < self._trials

    def took(self, seconds: float) -> None:
        """Time does not matter."""

    def trial_s(self) -> float | None:
        """The configuration's own limit is enough."""
        return None

    def stage_limit(self) -> TimeLimit:
        """Its epochs decide."""
        return TimeLimit()

    def stage_done(self) -> None:
        """Time does not matter."""

    def drain_s(self) -> float | None:
        """Every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """The epochs decide."""
        return None

    def left(self) -> str:
        """Trials not begun."""
        return plural(max(0, self._trials - self._number), "trial")
