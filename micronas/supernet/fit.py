"""Training of the shared weights, and scoring of any network of the region in a fraction of a second."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.supernet.checkpoint import Checkpoint
from micronas.supernet.make_shared_net import make_shared_net
from micronas.supernet.region import Genes, SharedWeightSpace
from micronas.supernet.shared_net import SharedNet
from micronas.train.augment import augmentation_of
from micronas.train.loop import TrainLoop
from micronas.train.quality import quality
from micronas.train.settings import TrainSettings, learning_rates
from micronas.train.time_limit import UNLIMITED, Stopwatch, TimeLimit
from micronas.train.train import batches, dataset_objective, run_epoch

Tensor: TypeAlias = Any

SUPERNET = TrainSettings(epochs=20, learning_rate=0.01, augment=0.5)
"""Longer than a single network's training, because the weights must serve all networks."""

PATH_CLIP_NORM = 1.0
"""Clip norm of a single path's gradient, so that a large one does not dominate the moments."""

SINGLE_PATHS = TrainSettings(epochs=20, learning_rate=0.003)
"""For cells: consecutive steps train different networks, so steps must be small to add up."""

STATISTICS_SAMPLES = 250
"""Training samples for the statistics of a subnet when it is scored."""


TIMED_STEPS = 10
"""Steps that measure the cost of an epoch; they draw different subnets and are undone."""

OVERRUN = 1.5
"""How far a training may exceed its deadline if it was planned to end within it."""


class Supernet:
    """A trained region: ``accuracy(genes)`` is the float validation accuracy (or AUC) with shared weights.

    Normalisation is recalibrated for each network: its statistics are from training samples in the same call.
    """

    def __init__(self, shared: SharedNet[SharedWeightSpace], dataset: Dataset) -> None:
        self.shared, self._task, self._validation = shared, dataset.task, dataset.validation
        self._truth = dataset.learned(dataset.validation)
        order = np.random.default_rng(0).permutation(len(dataset.train))[:STATISTICS_SAMPLES]
        self._seen = len(order)
        self._x = tf.constant(np.concatenate([dataset.train.x[order], dataset.validation.x]))
        signature = [tf.TensorSpec((len(shared.region.sizes),), tf.int32)]
        self._answers = tf.function(self._predict, signature, autograph=False)

    def accuracy(self, genes: Genes) -> float:
        """Accuracy or AUC (0..1) on the validation split."""
        outputs = self._answers(tf.constant(genes, tf.int32)).numpy()
        return quality(self._task, outputs, self._validation.x, self._truth)

    @property
    def traces(self) -> int:
        """Number of traces of the scoring function."""
        return int(self._answers.experimental_get_tracing_count())

    def _predict(self, genes: Tensor) -> Tensor:
        return self.shared.forward(self.shared.parameters, genes, self._x, self._seen)[self._seen :]


@dataclass(frozen=True)
class Fitted:
    """A trained supernet, and the cost of its training in all sessions of a run."""

    supernet: Supernet
    epochs: int
    cpu_s: float
    wall_s: float


def settings_of(region: SharedWeightSpace, epochs: int) -> TrainSettings:
    """The training settings of ``region`` for the given epochs."""
    return (SINGLE_PATHS if region.trains_single_paths else SUPERNET).for_epochs(epochs)


def fit_supernet(
    region: SharedWeightSpace,
    dataset: Dataset,
    settings: TrainSettings,
    seed: int,
    limit: TimeLimit = UNLIMITED,
    checkpoint: Path | None = None,
) -> Fitted:
    """Train the region's shared weights, or resume from ``checkpoint``, which every epoch replaces.

    A pure function of region, data, settings and seed, even if it is killed and resumed, unless ``limit`` is
    too short for the epochs. In that case, the number of epochs is estimated from the first steps, and the
    schedule is adapted to it. Raises ``TrainError`` if a loss is not finite or no epoch was finished.
    """
    watch, shared = Stopwatch(), make_shared_net(region, seed)
    objective = dataset_objective(dataset, settings.label_smoothing, settings.class_weights, settings.loss)
    batch = min(settings.batch_size, len(dataset.train))
    loop = TrainLoop(
        shared,
        dataset.train.x,
        dataset.learned(dataset.train),
        shared.step_loss(dataset.task, objective, seed),
        batch_size=batch,
        weight_decay=settings.weight_decay,
        augment=augmentation_of(dataset, settings.augment),
        seed=seed,
        clip_norm=PATH_CLIP_NORM if region.trains_single_paths else math.inf,
    )
    start = Checkpoint.load(checkpoint) if checkpoint else None
    if start is None:
        planned = _affordable_epochs(loop, len(dataset.train), batch, settings.epochs, limit)
        start = Checkpoint(loop.state(), 0, planned, 0.0, 0.0)
    loop.restore(start.state)
    last = _fit(
        loop, start, len(dataset.train), batch, settings, seed, watch, limit.times(OVERRUN), checkpoint
    )
    if last.epochs == 0:
        raise TrainError(f"no epoch of the supernet finished within {limit}")
    return Fitted(Supernet(shared, dataset), last.epochs, last.cpu_s, last.wall_s)


def _fit(
    loop: TrainLoop,
    start: Checkpoint,
    samples: int,
    batch: int,
    settings: TrainSettings,
    seed: int,
    watch: Stopwatch,
    limit: TimeLimit,
    checkpoint: Path | None,
) -> Checkpoint:
    """The planned epochs after ``start``; ``limit`` applies if the machine becomes slower."""
    steps, rng, last = samples // batch, np.random.default_rng(seed), start
    rates = learning_rates(settings, steps * start.planned)
    for epoch in range(start.planned):
        order = batches(rng, samples, batch)
        if epoch < start.epochs:
            continue  # drawn to restore the state of the generator
        rates_now = rates[epoch * steps : (epoch + 1) * steps]
        if run_epoch(loop, order, rates_now, lambda: watch.within(limit)) is None:
            break
        spent = start.cpu_s + watch.cpu_s, start.wall_s + watch.wall_s
        last = Checkpoint(loop.state(), epoch + 1, start.planned, *spent)
        if checkpoint:
            last.save(checkpoint)
    return last


def _affordable_epochs(loop: TrainLoop, samples: int, batch: int, wished: int, limit: TimeLimit) -> int:
    """Epochs within ``limit``, estimated from the time of some steps that are then undone."""
    if not limit.is_limited:
        return wished
    before, whole = loop.state(), Stopwatch()
    order = batches(np.random.default_rng(0), samples, batch)[:TIMED_STEPS]
    rates = np.zeros(len(order), np.float32)
    loop.steps(order[:1], rates[:1])  # traces
    traced = Stopwatch()
    loop.steps(order, rates)
    calls = (samples // batch) / len(order)
    of_each = (
        (limit.wall_s - whole.wall_s) / (calls * traced.wall_s),
        (limit.cpu_s - whole.cpu_s) / (calls * traced.cpu_s),
    )
    loop.restore(before)
    return int(max(1, min(wished, *of_each)))
