"""The end of a search: after a number of trials, a wall-clock time or a CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable

from micronas.config import SearchConfig
from micronas.search.termination.base import Termination
from micronas.search.termination.cpu import CpuTimeTermination
from micronas.search.termination.joint import AnyTermination
from micronas.search.termination.trials import TrialTermination
from micronas.search.termination.wall import WallTimeTermination

__all__ = [
    "AnyTermination",
    "CpuTimeTermination",
    "Termination",
    "TrialTermination",
    "WallTimeTermination",
    "make_termination",
]


def make_termination(
    config: SearchConfig,
    spent_s: Callable[[], float],
    closing_s: float = 20.0,
    *,
    spent_cpu_s: Callable[[], float] = time.process_time,
) -> Termination:
    """The termination for ``config.budget``; with several limits, the first one reached."""
    budget, fit = config.budget, config.final_fit
    parts: list[Termination] = []
    if budget.trials is not None:
        parts.append(TrialTermination(budget.trials))
    if budget.minutes is not None:
        closing_s = min(closing_s, 0.2 * budget.minutes * 60.0)
        parts.append(WallTimeTermination(budget.minutes, fit, spent_s, closing_s))
    if budget.cpu_minutes is not None:
        deploys = config.device != "none"
        parts.append(CpuTimeTermination(budget.cpu_minutes, spent_cpu_s, fit, deploys=deploys))
    assert parts, "the configuration checks that one of them is given"
    return parts[0] if len(parts) == 1 else AnyTermination(*parts)
