"""The most epochs of the final training that follows a search."""

from __future__ import annotations

from micronas.config import SearchConfig
from micronas.data.dataset import Task


def final_epochs(config: SearchConfig, task: Task, *, alone: bool = False) -> int:
    """Those that are configured, or a default; ``alone`` is whether the network gets all of the time.

    Where a number of trials ends the search, fewer by default: such a run must not depend on the speed of the
    machine, and so its final training should end before the time does. Fewer also for anomalies: what is
    trained longer also learns to reconstruct them.
    """
    fills_time = alone or config.budget.trials is None
    return config.final_fit.most_epochs(long=fills_time and task is not Task.DETECT_ANOMALIES)
