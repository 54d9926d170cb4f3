"""What a budget decides during a search."""

from __future__ import annotations

from typing import Protocol

from micronas.train.time_limit import TimeLimit

STAGE_SHARE = 0.4
"""Of the search's time, for a stage before the trials."""


class Termination(Protocol):
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
