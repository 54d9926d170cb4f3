"""Training of one network: seeded, with early stopping and a deadline; the best weights are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset, Task
from micronas.errors import TrainError, plural
from micronas.model.net import Net
from micronas.train.augment import augmentation_of
from micronas.train.evaluate import Score, SplitEvaluator, validator
from micronas.train.loop import TrainLoop, supervised
from micronas.train.objectives import Objective, class_weights_of, objective_of
from micronas.train.regression import MSE
from micronas.train.settings import TrainSettings, learning_rates
from micronas.train.snapshot import Snapshot
from micronas.train.stop import StopRule, never
from micronas.train.tf_model import TfModel
from micronas.train.time_limit import UNLIMITED, Stopwatch, TimeLimit
from micronas.train.weights import Weights

STEPS_PER_CALL = 25
"""Steps between two checks of the clock: about 0.1 to 0.5 s for the networks of a search."""


@dataclass(frozen=True)
class Epoch:
    """One line of a training's history; ``cpu_s`` is this process' CPU time for it, validation included."""

    train_loss: float
    validation: Score
    cpu_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network. ``model`` holds the weights of the epoch with the lowest validation loss.

    ``stopped`` is the stop rule's reason, empty if the training was not stopped. ``cut`` says after how many
    epochs the time limit ended the training, empty if it did not.
    ``cpu_s`` is this process' CPU time for building, tracing, training and validating. ``loss`` is the lowest
    validation loss.
    """

    model: TfModel
    history: tuple[Epoch, ...]
    accuracy: float
    cpu_s: float
    stopped: str = ""
    cut: str = ""
    loss: float | None = None

    @property
    def curve(self) -> tuple[float, ...]:
        """Validation accuracy after each epoch."""
        return tuple(epoch.validation.accuracy for epoch in self.history)

    @property
    def epochs(self) -> int:
        """Epochs that were validated."""
        return len(self.history)

    @property
    def epoch_cpu_s(self) -> float | None:
        """CPU time of an epoch; None after one, most of which may be compiling."""
        return min((epoch.cpu_s for epoch in self.history[1:]), default=None)


def train(
    net: Net,
    dataset: Dataset,
    settings: TrainSettings,
    seed: int,
    limit: TimeLimit = UNLIMITED,
    stop: StopRule = never,
    *,
    start: Weights | None = None,
) -> Trained:
    """Train ``net`` on the training split, select by the validation split.

    It begins from scratch, or from the weights ``start``.

    Equal arguments give equal weights, bit for bit, on one CPU thread. ``limit`` counts from the call and is
    checked inside epochs. When it passes, the result is marked as ``cut``. Then, or when ``stop`` gives a
    reason after an epoch, the best epoch so far is returned. Raises ``TrainError`` when the loss is not
    finite, or when no epoch was finished in time.
    """
    watch = Stopwatch()
    model = TfModel(net, seed)
    if start is not None:
        model.set_weights(start)
    objective = dataset_objective(dataset, settings.label_smoothing, settings.class_weights, settings.loss)
    loop = TrainLoop(
        model,
        dataset.train.x,
        dataset.learned(dataset.train),
        supervised(model, objective),
        batch_size=min(settings.batch_size, len(dataset.train)),
        weight_decay=settings.weight_decay,
        augment=augmentation_of(dataset, settings.augment),
        seed=seed,
    )
    validation = validator(model, dataset, settings.loss)
    history, stopped, out_of_time = _fit(
        model, loop, validation, len(dataset.train), settings, seed, lambda: watch.within(limit), stop
    )
    if not history:
        raise TrainError(
            f"no epoch finished within {_reached(watch, limit)}",
            remedy="raise estimator.trial_deadline_s or budget.minutes, or lower space.max_width",
        )
    best = min(history, key=lambda epoch: epoch.validation.loss)
    cut = f"cut after {len(history)} of {plural(settings.epochs, 'epoch')} by {_reached(watch, limit)}"
    return Trained(
        model,
        tuple(history),
        best.validation.accuracy,
        watch.cpu_s,
        stopped,
        cut if out_of_time else "",
        best.validation.loss,
    )


def dataset_objective(dataset: Dataset, smoothing: float, weighted: bool, loss: str = MSE) -> Objective:
    """The loss of a training on ``dataset``; ``weighted`` lets every class count equally.

    ``loss`` is that of a regression.
    """
    if dataset.task is Task.REGRESS:
        return objective_of(dataset.task, 0, 0.0, loss=loss)
    weights = class_weights_of(dataset.train.y, dataset.n_classes) if weighted else None
    return objective_of(dataset.task, dataset.n_classes, smoothing, weights)


def _reached(watch: Stopwatch, limit: TimeLimit) -> str:
    """The setting whose limit has passed."""
    if watch.cpu_s >= limit.cpu_s:
        return f"estimator.trial_deadline_s ({limit.cpu_s:g} s of CPU time)"
    return "the time budget (budget.minutes)"


def batches(rng: np.random.Generator, samples: int, batch: int) -> npt.NDArray[np.int32]:
    """One epoch's shuffled order, int32 (steps, batch); samples that do not fill a batch are left out of this
    epoch.
    """
    batch = min(batch, samples)
    steps = samples // batch
    return rng.permutation(samples)[: steps * batch].reshape(steps, batch).astype(np.int32)


def _fit(
    model: TfModel,
    loop: TrainLoop,
    validation: SplitEvaluator,
    samples: int,
    settings: TrainSettings,
    seed: int,
    in_time: Callable[[], bool],
    stop: StopRule,
) -> tuple[list[Epoch], str, bool]:
    """Train until done, out of patience or out of time; the model then has the best epoch's weights.

    Returns the history, the reason of ``stop``, and whether the time ended a training that had more to do.
    """
    rng = np.random.default_rng(seed)
    steps = len(batches(np.random.default_rng(0), samples, settings.batch_size))
    rates = learning_rates(settings, steps * settings.epochs)
    history: list[Epoch] = []
    best, best_loss, stale, reason, cut = Snapshot.of(model), math.inf, 0, "", False
    for epoch in range(settings.epochs):
        begun_s = time.process_time()
        order = batches(rng, samples, settings.batch_size)
        rates_now = rates[epoch * steps : (epoch + 1) * steps]
        loss = run_epoch(loop, order, rates_now, in_time)
        if loss is None:
            cut = True
            break
        score = validation.score()
        refuse_nan(score.loss, epoch)
        history.append(Epoch(loss, score, time.process_time() - begun_s))
        stale = 0 if score.loss < best_loss - settings.min_delta else stale + 1
        if score.loss < best_loss:
            best, best_loss = Snapshot.of(model), score.loss
        reason = stop(tuple(e.validation.accuracy for e in history)) if epoch + 1 < settings.epochs else ""
        if reason or stale >= settings.patience:
            break
    best.restore(model)
    return history, reason, cut


def run_epoch(
    loop: TrainLoop,
    order: npt.NDArray[np.int32],
    rates: npt.NDArray[np.float32],
    keep_going: Callable[[], bool],
) -> float | None:
    """Mean loss of one epoch; None if ``keep_going``, called every ``STEPS_PER_CALL`` steps, is false."""
    total = 0.0
    for start in range(0, len(order), STEPS_PER_CALL):
        if not keep_going():
            return None
        piece = slice(start, start + STEPS_PER_CALL)
        loss = loop.steps(order[piece], rates[piece])
        refuse_nan(loss, None)
        total += loss * len(order[piece])
    return total / len(order)


def refuse_nan(loss: float, epoch: int | None) -> None:
    """Raise ``TrainError`` if ``loss`` is not a number or infinite."""
    if not math.isfinite(loss):
        where = "" if epoch is None else f" after epoch {epoch + 1}"
        raise TrainError(f"the loss became {loss}{where}", remedy="lower estimator.learning_rate")
