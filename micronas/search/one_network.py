"""A budget that affords one network: no search, all of its time for the final training of that network.

Where an epoch takes long, the final training leaves time for a few short trials only. They would compare
baseline networks, each by one shortened training, and take that time from the final training. The first trial
is then itself the final training of the first baseline network, as without a search.

The decision depends on the configuration, the data and the shapes of the network alone, so a run that is
killed and resumed decides the same. A resumed run with a larger budget may search; a trial that was trained
this way is not trained a second time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from micronas.config import FinalFitConfig, SearchConfig
from micronas.estimate import ESTIMATORS
from micronas.search.executor import Executor
from micronas.search.final import HANG_TIMEOUT_FACTOR
from micronas.search.final_cost import CLOSING_S
from micronas.search.setup import Setup
from micronas.search.stages import trial_share_s
from micronas.search.task import ONE_NETWORK, TrialResult, TrialTask
from micronas.search.termination import Termination
from micronas.search.termination.cpu import CLOSING_CPU_S
from micronas.search.termination.reserve import ENOUGH_EPOCHS, TRIALS_PER_FINALIST, Reserve
from micronas.store import Record, Store
from micronas.train.cost import START_S, epoch_cpu_s, epochs_within
from micronas.trial import Outcome

FEWEST_TRIALS = 2 * TRIALS_PER_FINALIST
"""Fewer have no finalists: a search would choose among three baseline networks and a few others by one
shortened training of each.
"""

WORKER_START_S = 6.0
"""CPU seconds until a worker can train: TensorFlow and the data. Measured 5 to 6."""

AFFORDS_ONE = (
    "the budget affords one network: the first baseline network gets all of the time, because a search would "
    f"have time for fewer than {FEWEST_TRIALS} trials beside the final training; a larger budget, or "
    "final_fit.share, makes it search"
)
TRAINED_ALONE = (
    "the budget affords one network: the first baseline network had all of the time, and nothing was searched"
)


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


def affords_one(setup: Setup) -> bool:
    """Whether the budget of a search has time for the final training of one network and no search."""
    config = setup.config
    if setup.others or not _may_skip_trials(config):
        return False
    epoch_s = epoch_cpu_s(setup.space.net(setup.first[0]), len(setup.dataset.train))
    return any(one.trials(epoch_s) < FEWEST_TRIALS for one in affordable(config))


def affordable(config: SearchConfig) -> list[Affordable]:
    """One for each limit in time; a limit of CPU time buys the same number of trials with any workers."""
    budget, fit = config.budget, config.final_fit
    limits = [(budget.minutes, config.workers), (budget.cpu_minutes, 1)]
    epochs, share_s = config.estimator.epochs, trial_share_s(budget)
    return [
        Affordable(60.0 * minutes, workers, epochs, share_s, fit)
        for minutes, workers in limits
        if minutes is not None
    ]


def _may_skip_trials(config: SearchConfig) -> bool:
    """Not with a fixed share for the trials, with trials that the final training learns from, with an
    estimator of the user's, or where only a measurement shows whether a network is fast enough.
    """
    timed = config.constraints.latency_ms is not None or config.reward.target_ms is not None
    return (
        config.final_fit.share is None
        and config.training.distill == "off"
        and config.estimator.name in ESTIMATORS
        and (not timed or config.latency.source in (None, "modelled"))
    )


def alone(task: TrialTask, termination: Termination) -> TrialTask:
    """``task`` as the final training of the only network, which ``termination`` gives all of its time."""
    wall_s, cpu_s = (
        None if limit is None else max(limit - WORKER_START_S, 0.5 * limit)
        for limit in (termination.final_fit_s(rounds=1), termination.final_fit_cpu_s(networks=1))
    )
    longest_s = min(wall_s or math.inf, cpu_s or math.inf)
    hang_s = HANG_TIMEOUT_FACTOR * longest_s if math.isfinite(longest_s) else 0.0
    return replace(task, final=True, deadline_s=wall_s, cpu_s=cpu_s, hang_timeout_s=hang_s)


def is_alone(record: Record) -> bool:
    """Whether the trial was the final training of its network, and has one."""
    return bool(record.details.get(ONE_NETWORK)) and record.trial.outcome is Outcome.COMPLETE


def trained_alone(records: Sequence[Record]) -> str:
    """What to say of a run whose only network had all of the time; empty for a search."""
    complete = [record for record in records if record.trial.outcome is Outcome.COMPLETE]
    return TRAINED_ALONE if len(complete) == 1 and is_alone(complete[0]) else ""


def stored_alone(store: Store) -> dict[int, TrialResult]:
    """Trial number -> the final training that an earlier session stored as a trial."""
    if 0 not in store.numbers() or not is_alone(record := store.record(0)):
        return {}
    tflite, weights = store.model(0), store.weights(0)
    return {
        0: TrialResult(
            Outcome.COMPLETE, record.trial.scores, details=record.details, tflite=tflite, weights=weights
        )
    }


class FinalOnce:
    """An executor that repeats no final training; ``known`` are those of an earlier session."""

    def __init__(self, executor: Executor, known: dict[int, TrialResult]) -> None:
        self._executor, self._known = executor, dict(known)
        self._ready: deque[int] = deque()
        self._final: set[int] = set()

    def submit(self, task: TrialTask) -> None:
        """Start a task, unless it is a final training whose result is known."""
        if task.final and task.number in self._known:
            self._ready.append(task.number)
            return
        (self._final.add if task.final else self._final.discard)(task.number)
        self._executor.submit(task)

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """See ``Executor``; known results come first."""
        if self._ready:
            number = self._ready.popleft()
            return number, self._known[number]
        finished = self._executor.next_finished(timeout_s)
        if finished is not None and finished[0] in self._final and finished[1].tflite is not None:
            self._known[finished[0]] = finished[1]
        return finished

    def drop(self) -> None:
        """See ``Executor``; what is known stays known."""
        self._ready.clear()
        self._executor.drop()

    def close(self) -> None:
        """See ``Executor``."""
        self._executor.close()
