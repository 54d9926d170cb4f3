"""A budget in CPU minutes."""

from __future__ import annotations

from collections.abc import Callable

from micronas.search.termination.base import STAGE_SHARE
from micronas.train.time_limit import TimeLimit


class CpuTimeTermination:
    """CPU minutes of the search in all its processes; the final fit is not included.

    ``spent_s`` returns the CPU seconds used so far. Trials end ``selection_share`` before the budget does, so
    that the finalists can be trained again.
    """

    def __init__(
        self, cpu_minutes: float, spent_s: Callable[[], float], selection_share: float = 0.0
    ) -> None:
        self._total_s, self._spent_s = cpu_minutes * 60.0, spent_s
        self._trials_s = self._total_s * (1.0 - selection_share)
        self._durations: list[float] = []
        self._last_s = spent_s()

    def admits(self, number: int) -> bool:
        """Whether even the longest of the latest trials would end within the budget.

        The longest counts because a strategy that trains a supernet in some asks would otherwise overrun by
        all of it. The first two trials always run, as with a budget in minutes.
        """
        return number < 2 or self._spent_s() + max(self._durations, default=0.0) <= self._trials_s

    def took(self, seconds: float) -> None:
        """Keep the CPU time of the latest trials, including the time to propose them."""
        now_s = self._spent_s()
        self._durations = [*self._durations[-9:], now_s - self._last_s]
        self._last_s = now_s

    def trial_s(self) -> float | None:
        """None: the configuration's own limit is enough."""
        return None

    def stage_limit(self) -> TimeLimit:
        """A share of the remaining CPU time, without a wall-clock limit."""
        return TimeLimit(cpu_s=STAGE_SHARE * max(5.0, self._trials_s - self._spent_s()))

    def stage_done(self) -> None:
        """The next trial is measured from here."""
        self._last_s = self._spent_s()

    def drain_s(self) -> float | None:
        """None: every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """None: only the epochs limit it."""
        return None

    def admits_s(self, cpu_s: float) -> bool:
        """Whether it fits into what remains of the budget, the share for finalists included."""
        return self._spent_s() + cpu_s <= self._total_s

    def left(self) -> str:
        """Remaining CPU minutes of the search."""
        return f"{max(0.0, self._total_s - self._spent_s()) / 60:.1f} CPU-min"
