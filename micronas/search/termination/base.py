"""Decisions of a budget during a search."""

from __future__ import annotations

from typing import Protocol

from micronas.train.time_limit import TimeLimit

STAGE_SHARE = 0.4
"""Share of the search's time for a stage before the trials."""


class Termination(Protocol):
    """Decides whether another trial starts and how long the final fit may take."""

    def admits(self, number: int) -> bool:
        """Whether trial ``number`` may start now."""
        ...

    def took(self, seconds: float) -> None:
        """Record how long a trial took."""
        ...

    def trial_s(self) -> float | None:
        """Maximum seconds of a trial's training if it starts now; None means no limit."""
        ...

    def stage_limit(self) -> TimeLimit:
        """Time limit of a stage such as a supernet's training."""
        ...

    def stage_done(self) -> None:
        """Record that a stage has ended; its length does not predict that of the next trial."""
        ...

    def drain_s(self) -> float | None:
        """How long to wait for running trials; None means no limit."""
        ...

    def final_fit_s(self, rounds: int) -> float | None:
        """Seconds of wall clock for each of ``rounds`` consecutive final trainings; None without a limit."""
        ...

    def final_fit_cpu_s(self, networks: int) -> float | None:
        """CPU seconds for each of ``networks`` final trainings; None without such a limit."""
        ...

    def final_takes(self, cpu_s: float, enough_s: float, trial_s: float) -> None:
        """Record what the final training of the best network so far would take, in CPU seconds.

        ``enough_s`` is for as many of its epochs as are worth more than trials; ``trial_s`` is what its trial
        took.
        """
        ...

    def admits_s(self, cpu_s: float) -> bool:
        """Whether further trainings of the finalists, of ``cpu_s`` CPU seconds in all, may start now."""
        ...

    def left(self) -> str:
        """The remaining budget, as text."""
        ...
