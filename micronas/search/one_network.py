"""A budget that affords one network: no search, all of its time for the final training of that network.

Where an epoch takes long, the final training leaves time for a few short trials only. They would compare
baseline networks, each by one shortened training, and take that time from the final training. The first trial
is then itself the final training of the first baseline network, as without a search.

The time of an epoch is first predicted from the shapes of the network, the same for a run that is killed and
resumed. Where a faster or slower machine would decide otherwise, the first trial runs alone, and its second
epoch decides: the worker then ends what it began by the prediction, a final training or an ordinary trial,
and begins the other one in its place. The trial's record says what it was. A resumed run with a larger budget
may search; a network that was trained this way is not trained a second time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from micronas.config import SearchConfig
from micronas.estimate import ESTIMATORS
from micronas.search.affordable import FEWEST_TRIALS, WORKER_START_S, Affordable, SearchOrNot
from micronas.search.cpu_clock import SharedClock
from micronas.search.evaluation.limits import trial_share_s
from micronas.search.evaluation.task import ONE_NETWORK, TrialResult, TrialTask, Undecided
from micronas.search.final.cost import epoch_cpu_s as epoch_of
from micronas.search.final.epochs import final_epochs
from micronas.search.final.winner import HANG_TIMEOUT_FACTOR
from micronas.search.setup import Setup
from micronas.search.termination import Termination
from micronas.search.workers.once import Training
from micronas.store import Record, Store
from micronas.train.cost import epoch_cpu_s
from micronas.trial import Outcome

AFFORDS_ONE = (
    "the budget affords one network: the first baseline network gets all of the time, because a search would "
    f"have time for fewer than {FEWEST_TRIALS} trials beside the final training; a larger budget, or "
    "final_fit.share, makes it search"
)
TRAINED_ALONE = (
    "the budget affords one network: the first baseline network had all of the time, and nothing was searched"
)


def search_or_not(setup: Setup) -> SearchOrNot | None:
    """The rule by which a search decides; None if it needs trials, or has no budget in time."""
    limits = _limits(setup)
    if not limits or setup.others or not _may_skip_trials(setup.config):
        return None
    epoch_s = epoch_cpu_s(setup.space.net(setup.first[0]), len(setup.dataset.train))
    return SearchOrNot(tuple(limits), epoch_s)


def _limits(setup: Setup) -> list[Affordable]:
    """One for each budget in time; CPU time buys the same number of trials with any workers."""
    config, budget = setup.config, setup.config.budget
    epochs = final_epochs(config, setup.dataset.task) * config.training.fits_per_finalist
    given = [(budget.minutes, config.workers, "minutes"), (budget.cpu_minutes, 1, "CPU minutes")]
    return [
        Affordable(
            60.0 * minutes,
            workers,
            config.estimator.epochs,
            trial_share_s(budget),
            epochs,
            config.final_fit,
            unit,
        )
        for minutes, workers, unit in given
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
    wall_s, cpu_s = termination.final_fit_s(rounds=1), termination.final_fit_cpu_s(networks=1)
    if wall_s is not None:
        wall_s = max(wall_s - WORKER_START_S, 0.5 * wall_s)
    longest_s = min(wall_s or math.inf, cpu_s or math.inf)
    hang_s = HANG_TIMEOUT_FACTOR * longest_s if math.isfinite(longest_s) else 0.0
    run_clock = SharedClock.started()
    return replace(
        task,
        final=True,
        alone=True,
        deadline_s=wall_s,
        cpu_s=cpu_s,
        hang_timeout_s=hang_s,
        run_clock=run_clock,
    )


def as_first(task: TrialTask, search: SearchOrNot, termination: Termination, workers: int) -> TrialTask:
    """The first trial: a final training if there is time for nothing else, or an ordinary one.

    Its second epoch may decide otherwise, unless that is certain, or other workers are already running other
    trials (``waits_for_first``).
    """
    final = alone(task, termination)
    if search.surely_one:
        return final
    if workers > 1 and not waits_for_first(search):
        return task
    begun, other = (final, task) if search.affords_one() else (task, final)
    undecided = Undecided(search, other)
    return replace(begun, undecided=undecided, hang_timeout_s=final.hang_timeout_s)


def waits_for_first(search: SearchOrNot) -> bool:
    """Whether the second trial begins when the first has ended, because the first may be the only one."""
    return search.surely_one or search.is_open


def is_over(search: SearchOrNot, first: Record, *, replayed: bool) -> bool:
    """Whether ``first`` was the only network of the run.

    If an earlier session trained it, a larger budget may afford a search now.
    """
    if not is_alone(first) or first.trial.scores is None:
        return False
    return not replayed or search.surely_one or search.affords_one(epoch_of(first.trial.scores))


def is_alone(record: Record) -> bool:
    """Whether the trial was the final training of its network, and has one."""
    return bool(record.details.get(ONE_NETWORK)) and record.trial.outcome is Outcome.COMPLETE


def trained_alone(records: Sequence[Record], search: SearchOrNot | None = None) -> str:
    """What to say of a run whose only network had all of the time; empty for a search.

    With the rule ``search``, also which budget would afford one, by the measured time of an epoch.
    """
    complete = [record for record in records if record.trial.outcome is Outcome.COMPLETE]
    if len(complete) != 1 or not is_alone(complete[0]):
        return ""
    scores = complete[0].trial.scores
    epoch_s = 0.0 if scores is None else epoch_of(scores)
    enough = search.enough(epoch_s) if search is not None and epoch_s > 0.0 else ""
    return f"{TRAINED_ALONE}; a search needs about {enough}" if enough else TRAINED_ALONE


def final_training(task: TrialTask, result: TrialResult) -> Training | None:
    """A rule of ``Once``: keep final trainings with a network, also one that began as an ordinary trial."""
    final = result.details.get(ONE_NETWORK) or (task.final and task.undecided is None)
    if result.tflite is None or not final:
        return None
    return Training(task.number, final=True)


def stored_alone(store: Store) -> dict[Training, TrialResult]:
    """The final training that an earlier session stored as a trial, for ``Once``."""
    if 0 not in store.numbers() or not is_alone(record := store.record(0)):
        return {}
    tflite, weights = store.model(0), store.weights(0)
    return {
        Training(0, final=True): TrialResult(
            Outcome.COMPLETE, record.trial.scores, details=record.details, tflite=tflite, weights=weights
        )
    }
