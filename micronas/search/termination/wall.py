"""A budget in minutes of wall clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from micronas.search.termination.base import STAGE_SHARE
from micronas.train.time_limit import TimeLimit

SELECTION_OF_FINAL = 0.3
"""Share of the final training's time that may be used to train the finalists again."""


class WallTimeTermination:
    """Minutes of wall clock, excluding pauses, with a share reserved for the final fit and the steps after
    it.

    ``spent_s`` returns the seconds used so far. ``closing_s`` is the time for quantization, build,
    measurement and report after the final training; it is subtracted from the time of the final training.
    """

    def __init__(
        self, minutes: float, final_share: float, spent_s: Callable[[], float], closing_s: float
    ) -> None:
        self._total_s = minutes * 60.0
        self._search_end_s = self._total_s * (1.0 - final_share)
        self._spent_s, self._closing_s = spent_s, closing_s
        self._durations: list[float] = []

    def admits(self, number: int) -> bool:
        """Whether a trial of typical length would end before the final fit must start.

        The first two trials always run, because a search without trials has nothing to report.
        """
        usual_s = statistics.median(self._durations) if self._durations else 0.0
        return number < 2 or self._spent_s() + usual_s <= self._search_end_s

    def took(self, seconds: float) -> None:
        """Keep only the latest durations, because the sizes of the networks change during a search."""
        self._durations = [*self._durations[-9:], seconds]

    def trial_s(self) -> float | None:
        """Time until the search ends, so that even a first trial on a slow machine leaves time for the final
        fit.
        """
        return max(5.0, self._search_end_s - self._spent_s())

    def stage_limit(self) -> TimeLimit:
        """A share of the remaining time."""
        return TimeLimit(wall_s=STAGE_SHARE * max(5.0, self._search_end_s - self._spent_s()))

    def stage_done(self) -> None:
        """Ignored: a stage does not count among the durations."""

    def drain_s(self) -> float | None:
        """Until a little after the end of the search, at the expense of the final fit."""
        grace_s = 0.1 * (self._total_s - self._search_end_s)
        return max(0.0, self._search_end_s + grace_s - self._spent_s())

    def final_fit_s(self, rounds: int) -> float | None:
        """The remaining time minus the closing time; at least a few seconds, even over the budget."""
        return max(5.0, (self._total_s - self._closing_s - self._spent_s()) / rounds)

    def admits_s(self, cpu_s: float) -> bool:
        """Whether it ends before a part of the final training's time is used up; as if on one core."""
        reserved_s = self._total_s - self._search_end_s
        return self._spent_s() + cpu_s <= self._search_end_s + SELECTION_OF_FINAL * reserved_s

    def left(self) -> str:
        """Minutes and seconds until the end of the budget."""
        minutes, seconds = divmod(max(0, round(self._total_s - self._spent_s())), 60)
        return f"{minutes}:{seconds:02d} min"
