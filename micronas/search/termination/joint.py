"""Several budgets at once."""

from __future__ import annotations

from collections.abc import Iterable

from micronas.search.termination.base import Termination
from micronas.train.time_limit import TimeLimit


class AnyTermination:
    """Several limits at once; the strictest one decides."""

    def __init__(self, *parts: Termination) -> None:
        self._parts = parts

    def admits(self, number: int) -> bool:
        """Whether all limits allow another trial."""
        verdicts = [part.admits(number) for part in self._parts]
        return all(verdicts)

    def took(self, seconds: float) -> None:
        """Forward to every part."""
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
        """Forward to every part."""
        for part in self._parts:
            part.stage_done()

    def drain_s(self) -> float | None:
        """The shortest waiting time."""
        return _least(part.drain_s() for part in self._parts)

    def final_fit_s(self, rounds: int) -> float | None:
        """The shortest final training."""
        return _least(part.final_fit_s(rounds) for part in self._parts)

    def final_fit_cpu_s(self, networks: int) -> float | None:
        """The shortest final training."""
        return _least(part.final_fit_cpu_s(networks) for part in self._parts)

    def final_takes(self, cpu_s: float, enough_s: float, trial_s: float) -> None:
        """Forward to every part."""
        for part in self._parts:
            part.final_takes(cpu_s, enough_s, trial_s)

    def admits_s(self, cpu_s: float) -> bool:
        """Whether all limits allow it."""
        return all(part.admits_s(cpu_s) for part in self._parts)

    def left(self) -> str:
        """The remainder of each."""
        return ", ".join(part.left() for part in self._parts)


def _least(limits: Iterable[float | None]) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)
