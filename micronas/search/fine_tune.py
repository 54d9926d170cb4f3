"""Trains the float network of a trial further, also on other data, as a result of its own.

The run, its trials and its result do not change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from micronas.config import DataConfig
from micronas.errors import BudgetError, TrainError, plural
from micronas.estimate.fine_tuning import Origin, tuned
from micronas.estimate.full import Estimate
from micronas.search.data_place import with_data_found
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import TrialTask
from micronas.search.evaluation.training import trial_seed
from micronas.search.final.reported import Winner
from micronas.search.fine_tuned import FineTuned, StartOfTuning, store_tuned
from micronas.search.pick import find_trial
from micronas.search.setup import Setup, prepare
from micronas.search.tuning_origin import origin_of
from micronas.store import Record, Store
from micronas.store.other_boards import records_for, stored_other_boards
from micronas.store.stored_setup import stored_board, stored_config
from micronas.train.isolated import run_isolated
from micronas.train.settings import TrainSettings
from micronas.trial import Outcome

SLACK = 60.0
"""A training is stopped after this many times the CPU seconds that its epochs took in the search."""


def tuning_setup(store: Store, data: DataConfig | None = None, board: str | None = None) -> Setup:
    """The run's setup with its own data, or with ``data`` in their place.

    ``board`` is one of a search for several; None: the first.
    """
    config = stored_config(store)
    of_run = data is None
    config = with_data_found(config, store) if of_run else config.model_copy(update={"data": data})
    setup = prepare(config, stored_board(store), stored_other_boards(store))
    return setup if board is None else setup.boards[board]


def fine_tune(
    setup: Setup,
    store: Store,
    number: int,
    epochs: int,
    say: Callable[[str], object],
    *,
    other_data: bool = False,
    command: str = "",
) -> FineTuned:
    """Train trial ``number`` for at most ``epochs`` more epochs on the data of ``setup``.

    ``setup`` is that of the board for which it is built.
    ``other_data`` is whether they are not the run's. ``command`` is what repeats it, for the model card.
    Raises ``SearchError`` for a trial without a network or weights, ``TrainError`` for data that its layers
    do not fit, and ``BudgetError`` for a new head that is too large.
    """
    record = find_trial(records_for(store, setup.board.name), number)
    _require_within_limits(setup, record)
    origin = origin_of(setup, store, record)
    store.begin_session()
    say(f"training {origin.name} for at most {plural(epochs, 'epoch')}")
    estimate, new_head = _trained(setup, record, origin, epochs)
    if new_head:
        classes = plural(setup.dataset.n_classes, "class", "classes")
        say(f"its last layer started from scratch, for {classes} of {setup.dataset.name}")
    winner = _winner(setup, record, estimate)
    say("build, measurement and test")
    before = None if other_data else origin.quality
    start = StartOfTuning(origin.name, epochs, new_head, before)
    return store_tuned(setup, store, winner, start, command)


def _require_within_limits(setup: Setup, record: Record) -> None:
    verdict = setup.gate.verdict(setup.space.from_json(record.trial.arch))
    if not verdict.fits:
        classes = plural(setup.dataset.n_classes, "class", "classes")
        raise BudgetError(
            f"trial {record.trial.number} with {classes} is over the limits: {'; '.join(verdict.reasons)}",
            remedy="fine-tune a smaller trial",
        )


def _trained(setup: Setup, record: Record, origin: Origin, epochs: int) -> tuple[Estimate, bool]:
    config, trial = setup.config, record.trial
    assert trial.scores is not None, "a COMPLETE trial has scores"
    net = setup.space.net(setup.space.from_json(trial.arch))
    settings = replace(TrainSettings.from_config(config.estimator), epochs=epochs, patience=epochs)
    per_epoch_s = trial.scores.train_cpu_s / max(1, trial.scores.epochs)
    return run_isolated(
        tuned,
        net,
        config.data,
        settings,
        trial_seed(config.seed, trial.number, repeat=1000),
        origin,
        config.estimator.calibration_samples,
        deadline_s=600.0 + SLACK * epochs * per_epoch_s,
        what=f"the fine-tuning of trial {trial.number}",
    )


def _winner(setup: Setup, record: Record, estimate: Estimate) -> Winner:
    """The network with its size, latency and reward, as a trial's; a missed constraint is an error."""
    trial, config = record.trial, setup.config
    stages = Stages(
        estimate=lambda task: estimate,
        place=lambda tflite, task: place(tflite, task, config, setup.board, setup.dataset),
    )
    task = TrialTask(trial.number, trial.arch, trial.key, final=True, measure=True)
    result = TrialEvaluator(config, stages)(task)
    if result.fault is not None:
        raise result.fault
    if result.outcome is not Outcome.COMPLETE or result.scores is None or result.tflite is None:
        raise TrainError(f"the fine-tuned network was not accepted ({result.stage}): {result.reason}")
    return Winner(trial.number, trial.key, result.scores, result.tflite, True, trial.arch, result.weights)
