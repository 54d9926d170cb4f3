"""A budget in minutes of wall clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from micronas.search.termination.base import STAGE_SHARE
from micronas.train.time_limit import TimeLimit


class WallTimeTermination:
    """Minutes of wall clock, pauses left out, with a share kept for the final fit and what follows it.

    ``spent_s`` tells the seconds used so far. ``closing_s`` is what quantization, build, measurement and
    the report take after the final training; it is kept out of the final training's time.
    """

    def __init__(
        self, minutes: float, final_share: float, spent_s: Callable[[], float], closing_s: float
    ) -> None:
        self._total_s = minutes * 60.0
        self._search_end_s = self._total_s * (1.0 - final_share)
        self._spent_s, self._closing_s = spent_s, closing_s
        self._durations: list[float] = []

    def admits(self, number: int) -> bool:
        """Whether a trial of the usual length would end before the final fit has to begin.

        The first two trials always run: a search without a trial has nothing to train.
        """
        usual_s = statistics.median(self._durations) if self._durations else 0.0
        return number < 2 or self._spent_s() + usual_s <= self._search_end_s

    def took(self, seconds: float) -> None:
        """Keep the latest durations; the search drifts to other sizes as it goes."""
        self._durations = [*self._durations[-9:], seconds]

    def trial_s(self) -> float | None:
        """Up to the end of the search: even a first trial on a slow machine leaves the final fit its time."""
        return max(5.0, self._search_end_s - self._spent_s())

    def stage_limit(self) -> TimeLimit:
        """A share of what is left of the search."""
        return TimeLimit(wall_s=STAGE_SHARE * max(5.0, self._search_end_s - self._spent_s()))

    def stage_done(self) -> None:
        """A stage is not among the durations."""

    def drain_s(self) -> float | None:
        """A little past the end of the search, at the cost of the final fit."""
        grace_s = 0.1 * (self._total_s - self._search_end_s)
        return max(0.0, self._search_end_s + grace_s - self._spent_s())

    def final_fit_s(self, rounds: int) -> float | None:
        """What is left, less the closing; at least a few seconds, for a budget that was overrun."""
        return max(5.0, (self._total_s - self._closing_s - self._spent_s()) / rounds)

    def left(self) -> str:
        """Minutes and seconds to the end of the budget."""
        minutes, seconds = divmod(max(0, round(self._total_s - self._spent_s())), 60)
        return f"{minutes}:{seconds:02d} min"
