"""How much search a budget allows: a number of trials, time until the final fit has to begin, CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable

from micronas.config import SearchConfig
from micronas.search.termination.base import Effort
from micronas.search.termination.cpu import CpuEffort
from micronas.search.termination.joint import JointEffort
from micronas.search.termination.trials import TrialEffort
from micronas.search.termination.wall import TimeEffort

__all__ = ["CpuEffort", "Effort", "JointEffort", "TimeEffort", "TrialEffort", "make_effort"]


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
