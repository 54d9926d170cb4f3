"""A budget in CPU minutes."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from micronas.config import FinalFitConfig
from micronas.search.termination.base import STAGE_SHARE
from micronas.search.termination.reserve import Reserve
from micronas.train.time_limit import TimeLimit

CLOSING_CPU_S = 6.0
"""For conversion, figures on test data and the report, where a search is planned: measured 4 to 8 s."""

FILES_CPU_S = 1.0
"""For files, model card and report, which no training can measure: 0.3 to 0.8 s. The final training itself
measures how long its network is converted and scored (``estimate.closing``).
"""

DEPLOY_CPU_S = 3.0
"""For a build and its run on a device, until trials have shown it."""

LEAST_FINAL_CPU = 0.03
"""The smallest share of a planned final training: a CPU second does the same on a busy machine, about."""

CLOSING_SHARE = 0.1
"""The most of a budget that is kept for them."""


class CpuTimeTermination:
    """CPU minutes of the run in all its processes, the final training included.

    ``spent_s`` returns the CPU seconds used so far. Trials end before the budget does, so that the finalists
    can be trained again and the best of them fully, by ``fit`` (``Reserve``).
    """

    def __init__(
        self,
        cpu_minutes: float,
        spent_s: Callable[[], float],
        fit: FinalFitConfig,
        *,
        deploys: bool = False,
    ) -> None:
        """``deploys`` is whether networks are built and run on a device."""
        self._total_s, self._spent_s = cpu_minutes * 60.0, spent_s
        self._deploys, self._deploy_s = deploys, list[float]()
        self._closing_s = min(CLOSING_CPU_S, CLOSING_SHARE * self._total_s)
        self._reserve = Reserve(self._total_s, fit, LEAST_FINAL_CPU)
        self._durations: list[float] = []
        self._last_s = spent_s()

    def admits(self, number: int) -> bool:
        """Whether even the longest of the latest trials would end before the finalists must start.

        The longest counts because a strategy that trains a supernet in some asks would otherwise overrun by
        all of it. The first trial always runs, because a search without one has nothing to report.
        """
        return number < 1 or self._spent_s() + max(self._durations, default=0.0) <= self._reserve.trials_end_s

    def took(self, seconds: float) -> None:
        """Keep the CPU time of the latest trials, including the time to propose them."""
        now_s = self._spent_s()
        self._durations = [*self._durations[-9:], now_s - self._last_s]
        self._last_s = now_s

    def final_takes(self, cpu_s: float, enough_s: float, trial_s: float) -> None:
        """Plan the reserve by it; what the latest trial took besides its training is that of its device."""
        self._reserve.plan(cpu_s + self._closing_s, enough_s + self._closing_s, trial_s)
        if len(self._durations) > 1:  # the first one includes the start of a worker
            self._deploy_s.append(max(0.0, self._durations[-1] - trial_s))

    def trial_s(self) -> float | None:
        """None: the configuration's own limit is enough."""
        return None

    def stage_limit(self) -> TimeLimit:
        """A share of the remaining CPU time of the trials, without a wall-clock limit."""
        return TimeLimit(cpu_s=STAGE_SHARE * max(5.0, self._reserve.trials_end_s - self._spent_s()))

    def stage_done(self) -> None:
        """The next trial is measured from here."""
        self._last_s = self._spent_s()

    def drain_s(self) -> float | None:
        """None: every trial is waited for."""
        return None

    def final_fit_s(self, rounds: int) -> float | None:
        """None: a clock on the wall does not limit it."""
        return None

    def final_fit_cpu_s(self, networks: int) -> float | None:
        """The remaining CPU time without what follows the training and does not depend on the network; at
        least a few seconds, even over the budget.
        """
        left_s = self._total_s - self._after_training_s(networks) - self._spent_s()
        return max(5.0, left_s / networks)

    def _after_training_s(self, networks: int) -> float:
        """The files of the result; with a device, a build of each finalist and the final one."""
        deploy_s = statistics.median(self._deploy_s) if self._deploy_s else DEPLOY_CPU_S
        all_s = FILES_CPU_S + (deploy_s * (networks + 1) if self._deploys else 0.0)
        return min(all_s, CLOSING_SHARE * self._total_s)

    def admits_s(self, cpu_s: float) -> bool:
        """Whether it ends before the final training must start."""
        return self._spent_s() + cpu_s <= self._reserve.selection_end_s

    def left(self) -> str:
        """Remaining CPU minutes of the run."""
        return f"{max(0.0, self._total_s - self._spent_s()) / 60:.1f} CPU-min"
