"""How much search a budget allows: a number of trials, time until the final fit has to begin, CPU time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from micronas.config import SearchConfig
from micronas.counted import counted
from micronas.estimate.time_limit import TimeLimit

STAGE_SHARE = 0.4
"""Of the search's time, for a stage before the trials."""


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

    def stage_limit(self) -> TimeLimit:
        """What a stage such as a supernet's training may take."""
        ...

    def stage_done(self) -> None:
        """Learn that a stage has ended: what it took says nothing of the next trial's length."""
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
        return counted(max(0, self._trials - self._number), "trial")


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


class CpuEffort:
    """CPU minutes of the search, by all of its processes; the final fit's epochs come on top.

    ``spent_s`` tells the CPU seconds used so far.
    """

    def __init__(self, cpu_minutes: float, spent_s: Callable[[], float]) -> None:
        self._total_s, self._spent_s = cpu_minutes * 60.0, spent_s
        self._durations: list[float] = []
        self._last_s = spent_s()

    def admits(self, number: int) -> bool:
        """Whether even the longest of the latest trials would end within the budget.

        The longest, because a strategy that trains a supernet for some asks and not for others would
        overrun by all of it. The first two trials always run, as with ``TimeEffort``.
        """
        return number < 2 or self._spent_s() + max(self._durations, default=0.0) <= self._total_s

    def took(self, seconds: float) -> None:
        """Keep what the latest trials took in CPU time, their asks included."""
        now_s = self._spent_s()
        self._durations = [*self._durations[-9:], now_s - self._last_s]
        self._last_s = now_s

    def trial_s(self) -> float | None:
        """The configuration's own limit is enough."""
        return None

    def stage_limit(self) -> TimeLimit:
        """A share of what is left of the search, however long that takes."""
        return TimeLimit(cpu_s=STAGE_SHARE * max(5.0, self._total_s - self._spent_s()))

    def stage_done(self) -> None:
        """What comes after is measured from here."""
        self._last_s = self._spent_s()

    def drain_s(self) -> float | None:
        """Every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """The epochs decide."""
        return None

    def left(self) -> str:
        """CPU minutes to the end of the search."""
        return f"{max(0.0, self._total_s - self._spent_s()) / 60:.1f} CPU-min"


class JointEffort:
    """Several limits at once: each decides only where it would be overrun."""

    def __init__(self, *parts: Effort) -> None:
        self._parts = parts

    def admits(self, number: int) -> bool:
        """Whether all allow another trial."""
        verdicts = [part.admits(number) for part in self._parts]
        return all(verdicts)

    def took(self, seconds: float) -> None:
        """Tell every part."""
        for part in self._parts:
            part.took(seconds)

    def trial_s(self) -> float | None:
        """The shortest limit."""
        return _least(part.trial_s() for part in self._parts)

    def stage_limit(self) -> TimeLimit:
        """The shortest limit of each clock."""
        limits = [part.stage_limit() for part in self._parts]
        return TimeLimit(min(limit.wall_s for limit in limits), min(limit.cpu_s for limit in limits))

    def stage_done(self) -> None:
        """Tell every part."""
        for part in self._parts:
            part.stage_done()

    def drain_s(self) -> float | None:
        """The shortest patience."""
        return _least(part.drain_s() for part in self._parts)

    def final_fit_s(self, rounds: int) -> float | None:
        """The shortest final training."""
        return _least(part.final_fit_s(rounds) for part in self._parts)

    def left(self) -> str:
        """What is left of each."""
        return ", ".join(part.left() for part in self._parts)


def make_effort(
    config: SearchConfig,
    spent_s: Callable[[], float],
    closing_s: float = 20.0,
    *,
    spent_cpu_s: Callable[[], float] = time.process_time,
) -> Effort:
    """The effort that ``config.budget`` stands for; of several limits, whichever comes first."""
    budget = config.budget
    parts: list[Effort] = []
    if budget.trials is not None:
        parts.append(TrialEffort(budget.trials))
    if budget.minutes is not None:
        closing_s = min(closing_s, 0.2 * budget.minutes * 60.0)
        parts.append(TimeEffort(budget.minutes, config.final_fit.share, spent_s, closing_s))
    if budget.cpu_minutes is not None:
        parts.append(CpuEffort(budget.cpu_minutes, spent_cpu_s))
    assert parts, "the configuration checks that one of them is given"
    return parts[0] if len(parts) == 1 else JointEffort(*parts)


def _least(limits: Iterable[float | None]) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)
