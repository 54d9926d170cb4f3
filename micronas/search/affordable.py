"""How many trials a budget in time affords beside the final training, and whether these are a search."""

from __future__ import annotations

import time
from dataclasses import dataclass

from micronas.config import FinalFitConfig
from micronas.search.final_cost import CLOSING_S
from micronas.search.termination.cpu import CLOSING_CPU_S
from micronas.search.termination.reserve import ENOUGH_EPOCHS, TRIALS_PER_FINALIST, Reserve
from micronas.train.cost import START_S, epochs_within
from micronas.train.stop import Curve, StopRule

FEWEST_TRIALS = 2 * TRIALS_PER_FINALIST
"""Fewer have no finalists: a search would choose among three baseline networks and a few others by one
shortened training of each.
"""

WORKER_START_S = 6.0
"""CPU seconds until a worker can train: TensorFlow and the data. Measured 5 to 6."""


@dataclass(frozen=True)
class Affordable:
    """How many trials fit into one budget beside the final training.

    ``total_s`` is the budget, in which ``workers`` trials run at a time. ``epochs`` are those of a trial,
    which is planned to take ``share_s`` at most; ``fit`` is the final training.
    """

    total_s: float
    workers: int
    epochs: int
    share_s: float
    fit: FinalFitConfig

    def trials(self, epoch_s: float) -> float:
        """The number of trials where an epoch takes ``epoch_s``, not rounded."""
        reserve, closing_s = Reserve(self.total_s, self.fit), CLOSING_S + CLOSING_CPU_S
        enough = min(ENOUGH_EPOCHS, self.fit.epochs)
        trial_s = START_S + epoch_s * epochs_within(epoch_s, self.epochs, self.share_s)
        reserve.plan(self.fit.epochs * epoch_s + closing_s, enough * epoch_s + closing_s, trial_s)
        return self.workers * (self.total_s - reserve.final_s - WORKER_START_S) / trial_s


@dataclass(frozen=True)
class SearchOrNot:
    """Whether there is time to search. ``limits`` are the budgets in time, the strictest of which decides;
    ``epoch_s`` is the predicted time of an epoch of the first network.
    """

    limits: tuple[Affordable, ...]
    epoch_s: float

    def affords_one(self, measured_s: float | None = None) -> bool:
        """Whether there is time for one network only; ``measured_s`` is the time of an epoch if known."""
        epoch_s = self.epoch_s if measured_s is None else measured_s
        return any(limit.trials(epoch_s) < FEWEST_TRIALS for limit in self.limits)


class EpochsTooLongError(Exception):
    """Ends the first trial: its epochs take longer than predicted, so that the budget affords one network."""


def ended_if_too_long(stop: StopRule, search: SearchOrNot) -> StopRule:
    """``stop``, or ``EpochsTooLongError`` if the second epoch shows that there is no time to search.

    The first epoch includes the compiling.
    """
    ends_s: list[float] = []

    def rule(curve: Curve) -> str:
        ends_s.append(time.process_time())
        if len(ends_s) == 2 and search.affords_one(ends_s[1] - ends_s[0]):
            raise EpochsTooLongError
        return stop(curve)

    return rule
