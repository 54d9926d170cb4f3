"""optuna's TPE and keras-tuner's Hyperband on the same networks, with the same CPU time as every entry.

Each candidate is built with Keras, converted without training to see whether it fits, trained with ``fit``
and converted again. ``FINAL_SHARE`` of the time is kept for a final training of the best one by the same
recipe.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.search.by_hand import left_s, prepared
from benchmarks.search.cells import Cell
from benchmarks.search.figures import Figures
from micronas.search.setup import Setup

FINAL_SHARE, EPOCHS, CLOSING_S = 0.35, 8, 6.0
PLANNED_SHARE = 0.9
"""Of the remaining time, for the planned epochs of the final training."""


@dataclass
class Progress:
    """The best candidate of a search and the CPU clock of the cell."""

    setup: Setup
    cell: Cell
    best: tuple[float, Any] | None = None
    trained: int = 0
    epoch_s: float = 0.0

    @property
    def left_s(self) -> float:
        """CPU seconds of the cell that are left."""
        return left_s(self.cell)

    @property
    def searches(self) -> bool:
        """Whether candidates may still be trained."""
        return self.left_s > FINAL_SHARE * 60 * self.cell.cpu_minutes

    def add(self, figure: float, arch: Any, epoch_s: float) -> None:
        """A trained candidate that fits."""
        self.trained += 1
        if self.best is None or figure > self.best[0]:
            self.best, self.epoch_s = (figure, arch), epoch_s


def begin(cell: Cell) -> Progress:
    """Load TensorFlow and the data."""
    setup = prepared(cell)
    import benchmarks.search.keras_training  # noqa: F401 - loads Keras

    return Progress(setup, cell)


def tried(progress: Progress, arch: Any, seed: int, epochs: int, report: Any = None) -> float | None:
    """The int8 validation figure of ``arch`` after ``epochs``; None if it does not fit."""
    from benchmarks.search.keras_training import Candidate

    candidate = Candidate(progress.setup, arch, seed)
    if not candidate.fits(candidate.tflite()):
        return None
    marks = [time.process_time()]

    def ended(epoch: int, figure: float) -> bool:
        marks.append(time.process_time())
        if report is not None:
            report(epoch, figure)
        return not progress.searches

    candidate.train(epochs, ended)
    tflite = candidate.tflite()
    if not candidate.fits(tflite):
        return None
    figure = candidate.validation(tflite)
    last = marks[-1] - marks[-2] if len(marks) > 2 else marks[-1] - marks[0]
    progress.add(figure, arch, last)
    return figure


def finished(progress: Progress) -> Figures:
    """The final training of the best candidate in the time that is left, and its test figure."""
    from benchmarks.search.keras_training import Candidate
    from micronas.estimate.accuracy import int8_figure

    if progress.best is None:
        return Figures.of_none("no candidate fitted within the budget")
    setup, cell = progress.setup, progress.cell
    epochs = max(1, int(PLANNED_SHARE * (progress.left_s - CLOSING_S) / max(progress.epoch_s, 0.01)))
    candidate = Candidate(setup, progress.best[1], cell.seed)
    candidate.train(epochs, lambda epoch, figure: progress.left_s < CLOSING_S, final=True)
    tflite = candidate.tflite()
    flash_bytes, sram_bytes = candidate.sizes(tflite)
    return Figures(
        test=int8_figure(tflite, setup.dataset, setup.dataset.test.unseal(cell.name)),
        validation=candidate.validation(tflite),
        flash_bytes=flash_bytes,
        sram_bytes=sram_bytes,
        trained=progress.trained,
        epochs=epochs,
        chosen=cell.entry,
    )


def tpe(cell: Cell) -> Figures:
    """optuna's TPE with its median pruner."""
    import optuna

    from benchmarks.search.keras_space import chosen

    progress = begin(cell)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=cell.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
    )

    def objective(trial: optuna.Trial) -> float:
        def choose(name: str, options: Any) -> Any:
            options = list(options)
            if isinstance(options[0], str | bool):
                return trial.suggest_categorical(name, options)
            return options[trial.suggest_int(name, 0, len(options) - 1)]

        def report(epoch: int, figure: float) -> None:
            trial.report(figure, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        figure = tried(progress, chosen(progress.setup.space, choose), cell.seed, EPOCHS, report)
        if figure is None:
            raise optuna.TrialPruned
        return figure

    study.optimize(objective, callbacks=[lambda study, trial: None if progress.searches else study.stop()])
    return finished(progress)


def hyperband(cell: Cell) -> Figures:
    """keras-tuner's Hyperband with its default factor; a rung trains anew with its number of epochs."""
    import keras_tuner

    from benchmarks.search.keras_space import chosen
    from benchmarks.search.keras_training import Candidate

    progress = begin(cell)

    def arch_of(hp: Any) -> Any:
        def choose(name: str, options: Any) -> Any:
            flags = isinstance(options[0], bool)
            return hp.Boolean(name) if flags else hp.Choice(name, list(options))

        return chosen(progress.setup.space, choose)

    class Tuner(keras_tuner.Hyperband):  # type: ignore[misc]
        def run_trial(self, trial: Any, *arguments: Any, **named: Any) -> Any:
            if not progress.searches:
                raise keras_tuner.errors.FatalError("the time is over")
            values = trial.hyperparameters
            epochs = int(values.values.get("tuner/epochs", EPOCHS))
            figure = tried(progress, arch_of(values), cell.seed, epochs)
            if figure is None:
                raise keras_tuner.errors.FailedTrialError("over the limits")
            return {"figure": figure}

    with tempfile.TemporaryDirectory() as folder:
        tuner = Tuner(
            lambda hp: Candidate(progress.setup, arch_of(hp), cell.seed).model,
            objective=keras_tuner.Objective("figure", "max"),
            max_epochs=EPOCHS,
            hyperband_iterations=1000,
            seed=cell.seed,
            directory=folder,
            project_name=cell.name,
            max_retries_per_trial=0,
            max_consecutive_failed_trials=100_000,
        )
        with suppress(keras_tuner.errors.FatalError):
            tuner.search(verbose=0)
    return finished(progress)
