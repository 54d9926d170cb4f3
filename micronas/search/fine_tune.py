"""Trains the float network of a trial further, also on other data, as a result of its own.

The run, its trials and its result do not change. A fine-tuned network is written to a new folder whose name
appears only when everything in it is complete: an interruption leaves nothing that looks like a result.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from micronas.config import DataConfig
from micronas.data import Task
from micronas.errors import BudgetError, SearchError, StoreError, TrainError, percent, plural
from micronas.estimate.fine_tuning import Origin, tuned
from micronas.estimate.full import Estimate
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.search.data_place import with_data_found
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.placement import place
from micronas.search.evaluation.task import TrialTask
from micronas.search.evaluation.training import trial_seed
from micronas.search.final.winner import Winner
from micronas.search.outcome import figures_of
from micronas.search.pick import find_trial
from micronas.search.setup import Setup, prepare
from micronas.space import make_space
from micronas.store import Record, Store
from micronas.store.board_results import board_folder
from micronas.store.final_figures import FinalFigures, figures_from_json, files_in
from micronas.store.other_boards import BOARDS, board_names, records_for, stored_other_boards
from micronas.store.stored_setup import stored_board, stored_config
from micronas.train.isolated import run_isolated
from micronas.train.settings import TrainSettings
from micronas.trial import Json, Outcome, object_at

FOLDER, DRAFT = "fine-tuned", ".unfinished"

SLACK = 60.0
"""A training is stopped after this many times the CPU seconds that its epochs took in the search."""


@dataclass(frozen=True)
class StartOfTuning:
    """Where a fine-tuning began: ``name`` of the float network, and the most epochs it was given.

    ``new_head`` is whether its last layer started from scratch. ``before`` is the network's int8 quality on
    validation data, None for other data.
    """

    name: str
    epochs: int
    new_head: bool
    before: float | None


@dataclass(frozen=True)
class FineTuned:
    """A fine-tuned network: its folder, the same figures as in a run's result, and where it began."""

    folder: Path
    figures: FinalFigures
    start: StartOfTuning

    def to_json(self) -> dict[str, Json]:
        """The object of ``--json`` and of ``result.json``; its keys are stable."""
        return {"folder": str(self.folder), "start": {**asdict(self.start)}, **self.figures.to_json()}


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
    origin = _origin(store, record, _names_differ(store, setup), setup.board.name)
    store.begin_session()
    say(f"training {origin.name} for at most {plural(epochs, 'epoch')}")
    estimate, new_head = _trained(setup, record, origin, epochs)
    if new_head:
        classes = plural(setup.dataset.n_classes, "class", "classes")
        say(f"its last layer started from scratch, for {classes} of {setup.dataset.name}")
    winner = _winner(setup, record, estimate)
    say("build, measurement and test")
    before = None if other_data else origin.quality
    return _stored(setup, store, winner, StartOfTuning(origin.name, epochs, new_head, before), command)


def _require_within_limits(setup: Setup, record: Record) -> None:
    verdict = setup.gate.verdict(setup.space.from_json(record.trial.arch))
    if not verdict.fits:
        classes = plural(setup.dataset.n_classes, "class", "classes")
        raise BudgetError(
            f"trial {record.trial.number} with {classes} is over the limits: {'; '.join(verdict.reasons)}",
            remedy="fine-tune a smaller trial",
        )


def _names_differ(store: Store, setup: Setup) -> bool:
    """Whether the outputs mean other classes now."""
    if setup.dataset.task is not Task.CLASSIFY:
        return False
    return store.fact("class_names") != list(setup.dataset.class_names)


def _origin(store: Store, record: Record, new_head: bool, board: str) -> Origin:
    """The best float network that the run has of the trial for ``board``: after a final training, or not."""
    number, scores = record.trial.number, record.trial.scores
    assert scores is not None, "a COMPLETE trial has scores"
    old = _old_net(store, record)
    is_first = board_names(store)[0] == board
    pick = store.folder / "picks" / (f"trial-{number}" + ("" if is_first else f"-{board}"))
    finals = [(pick, f"picked trial {number}", _stored_quality(pick, scores.quality))]
    reported = _reported(store, board)
    if reported is not None and reported.trial == number:
        best = store.folder / "best" if is_first else board_folder(store.folder, board)
        finals.insert(0, (best, f"the reported network (trial {number})", reported.scores.quality))
    for folder, name, quality in finals:
        if (folder / "model.keras").is_file():
            return Origin(name, old, folder / "model.keras", new_head, quality)
    weights = store.weights(number)
    if weights is None:
        raise SearchError(
            f"the run did not keep the float weights of trial {number}",
            remedy=f"`micronas pick {store.folder} {number}` trains it again and keeps them",
        )
    return Origin(f"trial {number}", old, weights, new_head, scores.quality)


def _reported(store: Store, board: str) -> FinalFigures | None:
    """The figures of the network that the run reports for ``board``."""
    final = store.final()
    if final is None:
        return None
    result = final.result if board_names(store)[0] == board else object_at(final.result, BOARDS, board)
    return figures_from_json(result) if result else None


def _stored_quality(folder: Path, otherwise: float) -> float:
    """The int8 quality on validation data of the picked network in ``folder``."""
    try:
        return figures_from_json(
            json.loads((folder / "result.json").read_text(encoding="utf-8"))
        ).scores.quality
    except (OSError, ValueError, StoreError):
        return otherwise


def _old_net(store: Store, record: Record) -> Net:
    """The trial's network as it was trained, from what the run stored: its data may be gone."""
    config, tflite = stored_config(store), store.model(record.trial.number)
    assert tflite is not None, "a COMPLETE trial has a model"
    graph = read_bytes(tflite, "trial")
    _, height, width, channels = graph.tensors[graph.inputs[0]].shape
    names = store.fact("class_names")
    space = make_space(config.space, (height, width, channels), len(names) if isinstance(names, list) else 0)
    return space.net(space.from_json(record.trial.arch))


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


def _stored(setup: Setup, store: Store, winner: Winner, start: StartOfTuning, command: str) -> FineTuned:
    """All files in a folder that gets its name last."""
    folder = free_folder(store.folder / FOLDER, winner.number)
    draft = folder.with_name(folder.name + DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        what = f"trial {winner.number}, fine-tuned on {setup.dataset.name}"
        noted = replace(winner, note=_note(start, winner))
        figures = figures_of(setup, noted, store, draft, what=what, command=command)
        done = FineTuned(folder, replace(figures, files=files_in(folder, figures.files)), start)
        text = json.dumps(done.to_json(), indent=2) + "\n"
        (draft / "result.json").write_text(text, encoding="utf-8")
        os.replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return done


def _note(start: StartOfTuning, winner: Winner) -> str:
    head = ", with a new last layer" if start.new_head else ""
    text = f"{start.name} trained for {plural(winner.scores.epochs, 'more epoch')}{head}"
    if start.before is None:
        return text
    return f"{text}; int8 on validation data before: {percent(start.before)}"


def free_folder(parent: Path, number: int) -> Path:
    """``trial-N-1``, or the first such name that is not taken."""
    return next(path for k in itertools.count(1) if not (path := parent / f"trial-{number}-{k}").exists())
