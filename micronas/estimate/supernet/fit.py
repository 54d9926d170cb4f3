"""Training the shared weights once, and scoring any network of the region in a fraction of a second.

Sandwich rule (Yu & Huang 2019): every step trains the widest network on the labels and the narrowest and two
random ones on the widest one's answers (in-place distillation), so that both ends of the region, and with
them what lies between, are fit to be compared.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.estimate.augment import augmentation
from micronas.estimate.loop import TrainLoop, smoothed_cross_entropy
from micronas.estimate.settings import TrainSettings, learning_rates
from micronas.estimate.supernet.checkpoint import Checkpoint
from micronas.estimate.supernet.elastic import ElasticNet
from micronas.estimate.supernet.region import Genes, Region
from micronas.estimate.time_limit import Stopwatch, TimeLimit
from micronas.estimate.train import STEPS_PER_CALL, batches, run_epoch

Tensor: TypeAlias = Any

RANDOM_NETS = 2
"""Networks between the ends that each step trains."""

SUPERNET = TrainSettings(epochs=20, learning_rate=0.01, augment=0.5)
"""Longer than a single network's training: the weights have to serve all."""

STATISTICS_SAMPLES = 250
"""Training samples that give a subnet its statistics when it is scored."""

UNLIMITED = TimeLimit()

OVERRUN = 1.5
"""How far beyond its deadline a training goes on that was planned to end within it."""


class Supernet:
    """A trained region: ``accuracy(genes)`` is the float validation accuracy with the shared weights.

    Normalisation is recalibrated for each network: its statistics are those of training samples that pass
    through it in the same call.
    """

    def __init__(self, elastic: ElasticNet, dataset: Dataset) -> None:
        self.elastic = elastic
        order = np.random.default_rng(0).permutation(len(dataset.train))[:STATISTICS_SAMPLES]
        self._seen = len(order)
        self._x = tf.constant(np.concatenate([dataset.train.x[order], dataset.validation.x]))
        self._y = dataset.validation.y
        signature = [tf.TensorSpec((len(elastic.region.sizes),), tf.int32)]
        self._answers = tf.function(self._predict, signature, autograph=False)

    def accuracy(self, genes: Genes) -> float:
        """Accuracy (0..1) on the validation split."""
        answers = self._answers(tf.constant(genes, tf.int32)).numpy()
        return float(np.mean(answers == self._y))

    @property
    def traces(self) -> int:
        """How often the scoring function was traced."""
        return int(self._answers.experimental_get_tracing_count())

    def _predict(self, genes: Tensor) -> Tensor:
        logits = self.elastic.forward(self.elastic.parameters, genes, self._x, self._seen)
        return tf.argmax(logits[self._seen :], -1)


@dataclass(frozen=True)
class Fitted:
    """A trained supernet, and what its training took in all sessions of a run."""

    supernet: Supernet
    epochs: int
    cpu_s: float
    wall_s: float


def fit_supernet(
    region: Region,
    dataset: Dataset,
    settings: TrainSettings,
    seed: int,
    limit: TimeLimit = UNLIMITED,
    checkpoint: Path | None = None,
) -> Fitted:
    """Train the region's shared weights, or go on from ``checkpoint``, which every epoch replaces.

    A pure function of region, data, settings and seed, however often it is killed, unless ``limit`` is too
    short for the epochs: then there are as many as the first steps promise time for, and the schedule is
    theirs. Raises ``TrainError`` for a loss that is not finite, or when no epoch was finished.
    """
    watch, elastic = Stopwatch(), ElasticNet(region, seed)
    batch = min(settings.batch_size, len(dataset.train))
    loop = TrainLoop(
        elastic,
        dataset.train.x,
        dataset.train.y,
        sandwich(elastic, settings.label_smoothing, seed),
        batch_size=batch,
        weight_decay=settings.weight_decay,
        augment=augmentation(dataset.kind, settings.augment),
        seed=seed,
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
        raise TrainError(f"the supernet finished no epoch within {limit}")
    return Fitted(Supernet(elastic, dataset), last.epochs, last.cpu_s, last.wall_s)


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
    """The planned epochs that ``start`` leaves; ``limit`` is for a machine that became slow on the way."""
    steps, rng, last = samples // batch, np.random.default_rng(seed), start
    rates = learning_rates(settings, steps * start.planned)
    end = time.monotonic() + limit.wall_s
    for epoch in range(start.planned):
        order = batches(rng, samples, batch)
        if epoch < start.epochs:
            continue  # drawn to bring the generator to where it was
        if not watch.within(limit):
            break
        if run_epoch(loop, order, rates[epoch * steps : (epoch + 1) * steps], end) is None:
            break
        spent = start.cpu_s + watch.cpu_s, start.wall_s + watch.wall_s
        last = Checkpoint(loop.state(), epoch + 1, start.planned, *spent)
        if checkpoint:
            last.save(checkpoint)
    return last


def _affordable_epochs(loop: TrainLoop, samples: int, batch: int, wished: int, limit: TimeLimit) -> int:
    """Epochs that ``limit`` has time for, by the clocks over some steps that are then undone."""
    if not limit.is_limited:
        return wished
    before, whole = loop.state(), Stopwatch()
    order = batches(np.random.default_rng(0), samples, batch)[:STEPS_PER_CALL]
    rates = np.zeros(len(order), np.float32)
    loop.steps(order, rates)  # traces
    traced = Stopwatch()
    loop.steps(order, rates)
    calls = (samples // batch) / len(order)
    of_each = (
        (limit.wall_s - whole.wall_s) / (calls * traced.wall_s),
        (limit.cpu_s - whole.cpu_s) / (calls * traced.cpu_s),
    )
    loop.restore(before)
    return int(max(1, min(wished, *of_each)))


def sandwich(elastic: ElasticNet, smoothing: float, seed: int) -> Any:
    """The loss of a step; which random networks it trains follows from ``seed`` and the step's number."""
    region, labelled = elastic.region, smoothed_cross_entropy(elastic.region.n_classes, smoothing)
    sizes = tf.constant(region.sizes, tf.float32)
    seed = seed % 2**31

    def loss(parameters: Tensor, statistics: Tensor, x: Tensor, y: Tensor, number: Tensor) -> Any:
        widest = elastic.forward(parameters, tf.constant(region.widest, tf.int32), x)
        targets = tf.stop_gradient(tf.nn.softmax(widest))
        draw_seed = tf.stack([seed, 16 * number + 8])  # beside the augmentation's, which are 16 apart
        draw = tf.random.stateless_uniform((RANDOM_NETS, len(region.sizes)), draw_seed)
        drawn = tf.cast(tf.floor(draw * sizes), tf.int32)
        others = [tf.constant(region.narrowest, tf.int32), *tf.unstack(drawn)]
        total = labelled(x, y, widest)
        for genes in others:
            logits = elastic.forward(parameters, genes, x)
            total += tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        return total / (1 + len(others)), statistics

    return loss
