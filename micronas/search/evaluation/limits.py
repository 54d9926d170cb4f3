"""The time of a training: the limits of its task, and the share of a budget that a trial may take."""

from __future__ import annotations

import math
from dataclasses import replace

from micronas.config import SearchBudget
from micronas.errors import plural
from micronas.search.affordable import WORKER_START_S
from micronas.search.evaluation.task import TrialTask
from micronas.train.time_limit import Stopwatch, TimeLimit

TRIAL_SHARE = 0.15
"""Of a budget in minutes: epochs are planned so that no trial takes more, or a search would be three
trainings. Networks then compete at equal cost, as they will in a final training that the budget limits.
"""


def trial_share_s(budget: SearchBudget) -> float:
    """Seconds that the epochs of a trial are planned to take at most."""
    minutes = [m for m in (budget.minutes, budget.cpu_minutes) if m is not None]
    return 60.0 * TRIAL_SHARE * min(minutes, default=math.inf)


def shortened_text(planned: int, epochs: int, limit: TimeLimit, share_s: float = math.inf) -> str:
    """What to say of a training that was given fewer epochs than configured; empty if it had all of them.

    ``share_s`` is the most that the epochs may take of the budget.
    """
    if planned >= epochs:
        return ""
    if share_s < min(limit.cpu_s, limit.wall_s):
        by = f"{TRIAL_SHARE:.0%} of the budget"
    else:
        by = "estimator.trial_deadline_s" if limit.cpu_s <= limit.wall_s else "budget.minutes"
    return f"planned for {planned} of {plural(epochs, 'epoch')} to fit into {by}"


def after(watch: Stopwatch, task: TrialTask) -> TrialTask:
    """``task`` with what is left of its time."""
    wall_s = None if task.deadline_s is None else task.deadline_s - watch.wall_s
    task = replace(task, deadline_s=wall_s)
    if task.cpu_s is None or _since_begun(task) is not None:
        return task
    started_s = 0.0 if task.run_clock is None else WORKER_START_S
    return replace(task, cpu_s=task.cpu_s - started_s - watch.cpu_s, run_clock=None)


def limit_of(task: TrialTask) -> TimeLimit:
    """The limits of a training that starts now; at least half of the CPU time of its task."""
    wall_s = math.inf if task.deadline_s is None else task.deadline_s
    if task.cpu_s is None:
        return TimeLimit(wall_s)
    if task.run_clock is None:
        return TimeLimit(wall_s, task.cpu_s)
    passed_s = _since_begun(task)
    started_s = WORKER_START_S if passed_s is None else passed_s
    return TimeLimit(wall_s, max(task.cpu_s - started_s, 0.5 * task.cpu_s))


def _since_begun(task: TrialTask) -> float | None:
    """CPU seconds of the run since it gave the task away; None if that is not known here."""
    return None if task.run_clock is None else task.run_clock.since_s()
