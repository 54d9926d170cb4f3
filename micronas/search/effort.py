"""How much search a budget allows: a number of trials, time until the final fit has to begin, or both."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Protocol

from micronas.config import SearchConfig


class Effort(Protocol):
    """Decides whether another trial begins, and how long the final fit may take."""

    def admits(self, number: int) -> bool:
        """Whether trial ``number`` may begin now."""
        ...

    def took(self, seconds: float) -> None:
        """Learn how long a trial took."""
        ...

    def trial_s(self) -> float | None:
        """Seconds that a trial's training may take if it begins now; None for as long as it needs."""
        ...

    def drain_s(self) -> float | None:
        """How long to wait for trials still running; None for as long as they need."""
        ...

    def final_fit_s(self, rounds: int) -> float | None:
        """Seconds for each of ``rounds`` final trainings in turn; None when their epochs alone decide."""
        ...

    def left(self) -> str:
        """What is left, for people."""
        ...


class TrialEffort:
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

    def drain_s(self) -> float | None:
        """Every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """The epochs decide."""
        return None

    def left(self) -> str:
        """Trials not begun."""
        return f"{max(0, self._trials - self._number)} trials"


class TimeEffort:
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


class BothEffort:
    """A number of trials inside minutes of wall clock: time decides only where it would be overrun."""

    def __init__(self, trials: TrialEffort, time: TimeEffort) -> None:
        self._trials, self._time = trials, time
        self.took, self.trial_s, self.drain_s = time.took, time.trial_s, time.drain_s
        self.final_fit_s = time.final_fit_s

    def admits(self, number: int) -> bool:
        """Whether both allow another trial."""
        return self._trials.admits(number) and self._time.admits(number)

    def left(self) -> str:
        """What is left of each."""
        return f"{self._trials.left()}, {self._time.left()}"


def make_effort(config: SearchConfig, spent_s: Callable[[], float], closing_s: float = 20.0) -> Effort:
    """The effort that ``config.budget`` stands for."""
    budget = config.budget
    trials = TrialEffort(budget.trials) if budget.trials is not None else None
    if budget.minutes is None:
        assert trials is not None, "the configuration checks that one of the two is given"
        return trials
    closing_s = min(closing_s, 0.2 * budget.minutes * 60.0)
    time = TimeEffort(budget.minutes, config.final_fit.share, spent_s, closing_s)
    return BothEffort(trials, time) if trials else time
