"""Training of one network: seeded, with early stopping and a deadline; the best weights are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.model.net import Net
from micronas.train.augment import augmentation_of
from micronas.train.evaluate import Score, SplitEvaluator
from micronas.train.loop import TrainLoop, objective_of, supervised
from micronas.train.settings import TrainSettings, learning_rates
from micronas.train.snapshot import Snapshot
from micronas.train.stop import StopRule, never
from micronas.train.tf_model import TfModel

STEPS_PER_CALL = 25
"""Steps between two checks of the clock: about 0.1 to 0.5 s for the networks of a search."""


@dataclass(frozen=True)
class Epoch:
    """One line of a training's history."""

    train_loss: float
    validation: Score


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network. ``model`` holds the weights of the epoch with the lowest validation loss.

    ``stopped`` is the stop rule's reason, empty if the training was not stopped.
    ``cpu_s`` is this process' CPU time for building, tracing, training and validating.
    """

    model: TfModel
    history: tuple[Epoch, ...]
    accuracy: float
    cpu_s: float
    stopped: str = ""

    @property
    def curve(self) -> tuple[float, ...]:
        """Validation accuracy after each epoch."""
        return tuple(epoch.validation.accuracy for epoch in self.history)

    @property
    def epochs(self) -> int:
        """Epochs that were validated."""
        return len(self.history)


def train(
    net: Net,
    dataset: Dataset,
    settings: TrainSettings,
    seed: int,
    deadline_s: float = math.inf,
    stop: StopRule = never,
) -> Trained:
    """Train ``net`` from scratch on the training split, select by the validation split.

    Equal arguments give equal weights, bit for bit, on one CPU thread. ``deadline_s`` counts from the call
    and is checked inside epochs. When it passes, or when ``stop`` gives a reason after an epoch, the best
    epoch so far is returned. Raises ``TrainError`` when the loss is not finite, or when no epoch was finished
    in time.
    """
    start_cpu, end = time.process_time(), time.monotonic() + deadline_s
    model = TfModel(net, seed)
    loop = TrainLoop(
        model,
        dataset.train.x,
        dataset.train.y,
        supervised(model, objective_of(dataset.task, dataset.n_classes, settings.label_smoothing)),
        batch_size=min(settings.batch_size, len(dataset.train)),
        weight_decay=settings.weight_decay,
        augment=augmentation_of(dataset, settings.augment),
        seed=seed,
    )
    validation = SplitEvaluator(model, dataset.validation, dataset.task)
    history, stopped = _fit(model, loop, validation, len(dataset.train), settings, seed, end, stop)
    if not history:
        raise TrainError(
            f"no epoch was finished within {deadline_s:.1f} s",
            remedy="raise the trial's deadline or lower space.max_width",
        )
    best = min(history, key=lambda epoch: epoch.validation.loss)
    cpu_s = time.process_time() - start_cpu
    return Trained(model, tuple(history), best.validation.accuracy, cpu_s, stopped)


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
    end: float,
    stop: StopRule,
) -> tuple[list[Epoch], str]:
    """Train until done, out of patience or out of time; the model then has the best epoch's weights."""
    rng = np.random.default_rng(seed)
    steps = len(batches(np.random.default_rng(0), samples, settings.batch_size))
    rates = learning_rates(settings, steps * settings.epochs)
    history: list[Epoch] = []
    best, best_loss, stale, reason = Snapshot.of(model), math.inf, 0, ""
    for epoch in range(settings.epochs):
        order = batches(rng, samples, settings.batch_size)
        rates_now = rates[epoch * steps : (epoch + 1) * steps]
        loss = run_epoch(loop, order, rates_now, lambda: time.monotonic() < end)
        if loss is None:
            break
        score = validation.score()
        refuse_nan(score.loss, epoch)
        history.append(Epoch(loss, score))
        stale = 0 if score.loss < best_loss - settings.min_delta else stale + 1
        if score.loss < best_loss:
            best, best_loss = Snapshot.of(model), score.loss
        reason = stop(tuple(e.validation.accuracy for e in history)) if epoch + 1 < settings.epochs else ""
        if reason or stale >= settings.patience or time.monotonic() >= end:
            break
    best.restore(model)
    return history, reason


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
