"""A budget in minutes of wall clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from micronas.config import FinalFitConfig
from micronas.search.termination.base import STAGE_SHARE
from micronas.search.termination.reserve import Reserve
from micronas.train.time_limit import TimeLimit


class WallTimeTermination:
    """Minutes of wall clock, excluding pauses, with a share reserved for the final fit and the steps after
    it, by ``fit`` (``Reserve``).

    ``spent_s`` returns the seconds used so far. ``closing_s`` is the time for quantization, build,
    measurement and report after the final training; it is subtracted from the time of the final training.
    """

    def __init__(
        self,
        minutes: float,
        fit: FinalFitConfig,
        spent_s: Callable[[], float],
        closing_s: float,
    ) -> None:
        self._total_s = minutes * 60.0
        self._reserve = Reserve(self._total_s, fit)
        self._spent_s, self._closing_s = spent_s, closing_s
        self._durations: list[float] = []

    def admits(self, number: int) -> bool:
        """Whether a trial of typical length would end before the final fit must start.

        The first two trials always run, because a search without trials has nothing to report.
        """
        usual_s = statistics.median(self._durations) if self._durations else 0.0
        return number < 2 or self._spent_s() + usual_s <= self._reserve.trials_end_s

    def took(self, seconds: float) -> None:
        """Keep only the latest durations, because the sizes of the networks change during a search."""
        self._durations = [*self._durations[-9:], seconds]

    def trial_s(self) -> float | None:
        """Time until the search ends, so that even a first trial on a slow machine leaves time for the final
        fit.
        """
        return max(5.0, self._reserve.trials_end_s - self._spent_s())

    def stage_limit(self) -> TimeLimit:
        """A share of the remaining time."""
        return TimeLimit(wall_s=STAGE_SHARE * max(5.0, self._reserve.trials_end_s - self._spent_s()))

    def stage_done(self) -> None:
        """Ignored: a stage does not count among the durations."""

    def drain_s(self) -> float | None:
        """Until a little after the end of the search, at the expense of the final fit."""
        end_s = self._reserve.trials_end_s
        return max(0.0, end_s + 0.1 * (self._total_s - end_s) - self._spent_s())

    def final_fit_s(self, rounds: int) -> float | None:
        """The remaining time minus the closing time; at least a few seconds, even over the budget."""
        return max(5.0, (self._total_s - self._closing_s - self._spent_s()) / rounds)

    def final_fit_cpu_s(self, networks: int) -> float | None:
        """None: CPU time does not limit it."""
        return None

    def final_takes(self, cpu_s: float, enough_s: float, trial_s: float) -> None:
        """Plan the reserve by it; on a busy machine, more seconds than that pass."""
        self._reserve.plan(cpu_s + self._closing_s, enough_s + self._closing_s, trial_s)

    def admits_s(self, cpu_s: float) -> bool:
        """Whether it ends before the final training must start; as if on one core."""
        return self._spent_s() + cpu_s <= self._reserve.selection_end_s

    def left(self) -> str:
        """Minutes and seconds until the end of the budget."""
        minutes, seconds = divmod(max(0, round(self._total_s - self._spent_s())), 60)
        return f"{minutes}:{seconds:02d} min"
