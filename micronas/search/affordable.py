"""How many trials a budget in time affords beside the final training, and whether these are a search."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from micronas.config import FinalFitConfig
from micronas.search.final.cost import CLOSING_S
from micronas.search.termination.cpu import CLOSING_CPU_S
from micronas.search.termination.reserve import ENOUGH_EPOCHS, TRIALS_PER_FINALIST, Reserve
from micronas.train.cost import START_S, epochs_within
from micronas.train.stop import Curve, StopRule

FEWEST_TRIALS = 5 * TRIALS_PER_FINALIST
"""Fewer do not fill the round of finalists, of whom there are five by default: a search would choose among
three baseline networks and a few others, mostly by one shortened training of each.
"""

WORKER_START_S = 6.0
"""CPU seconds until a worker can train: TensorFlow and the data. Measured 5 to 6."""

FASTER, SLOWER = 4.0, 1.5
"""By which factors an epoch may be faster or slower than predicted. The prediction is that of a busy server,
where an idle machine was 3.4 times as fast.
"""


@dataclass(frozen=True)
class Affordable:
    """How many trials fit into one budget beside the final training.

    ``total_s`` is the budget, in which ``workers`` trials run at a time. ``epochs`` are those of a trial,
    which is planned to take ``share_s`` at most; ``final_epochs`` are those of the final training, ``fit``
    has its other settings. ``unit`` is that of the budget, for messages.
    """

    total_s: float
    workers: int
    epochs: int
    share_s: float
    final_epochs: int
    fit: FinalFitConfig
    unit: str = "minutes"

    def trials(self, epoch_s: float) -> float:
        """The number of trials where an epoch takes ``epoch_s``, not rounded."""
        reserve, closing_s = Reserve(self.total_s, self.fit), CLOSING_S + CLOSING_CPU_S
        enough = min(ENOUGH_EPOCHS, self.final_epochs)
        trial_s = START_S + epoch_s * epochs_within(epoch_s, self.epochs, self.share_s)
        reserve.plan(self.final_epochs * epoch_s + closing_s, enough * epoch_s + closing_s, trial_s)
        return self.workers * (self.total_s - reserve.final_s - WORKER_START_S) / trial_s

    def minutes_to_search(self, epoch_s: float) -> int:
        """The smallest whole number of minutes that affords ``FEWEST_TRIALS``; from 20, in steps of 5."""

        def affords(minutes: int) -> bool:
            by = 60.0 * minutes / self.total_s
            larger = replace(self, total_s=by * self.total_s, share_s=by * self.share_s)
            return larger.trials(epoch_s) >= FEWEST_TRIALS

        steps = itertools.chain(range(1, 20), itertools.count(20, 5))
        return next(minutes for minutes in steps if affords(minutes))


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

    def enough(self, measured_s: float) -> str:
        """Which budget would afford a search where an epoch takes ``measured_s``; empty if this one does."""
        short = [limit for limit in self.limits if limit.trials(measured_s) < FEWEST_TRIALS]
        return " and ".join(f"{limit.minutes_to_search(measured_s)} {limit.unit}" for limit in short)

    @property
    def is_open(self) -> bool:
        """Whether an epoch that is faster or slower than predicted may decide otherwise."""
        predicted = self.affords_one()
        return any(self.affords_one(self.epoch_s * by) != predicted for by in (1 / FASTER, SLOWER))

    @property
    def surely_one(self) -> bool:
        """Whether there is time for one network only at any plausible speed."""
        return self.affords_one() and not self.is_open


class OtherwiseError(Exception):
    """Ends the first trial: its second epoch decides otherwise than the prediction by which it began."""


def decides(search: SearchOrNot, *, final: bool) -> Callable[[float], None]:
    """What to call with the CPU seconds of the second epoch of a trial that began as a ``final`` training or
    as an ordinary one; raises ``OtherwiseError``.
    """

    def decide(epoch_s: float) -> None:
        if search.affords_one(epoch_s) != final:
            raise OtherwiseError

    return decide


def with_decision(stop: StopRule, decide: Callable[[float], None]) -> StopRule:
    """``stop``, which also times the second epoch; the first one includes the compiling."""
    ends_s: list[float] = []

    def rule(curve: Curve) -> str:
        ends_s.append(time.process_time())
        if len(ends_s) == 2:
            decide(ends_s[1] - ends_s[0])
        return stop(curve)

    return rule
