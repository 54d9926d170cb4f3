"""Training the shared weights once, and scoring any network of the region in a fraction of a second.

Sandwich rule (Yu & Huang 2019): every step trains the widest network on the labels and the narrowest and two
random ones on the widest one's answers (in-place distillation), so that both ends of the region, and with
them what lies between, are fit to be compared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.data import Dataset
from micronas.errors import TrainError
from micronas.estimate.augment import augmentation
from micronas.estimate.loop import TrainLoop, smoothed_cross_entropy
from micronas.estimate.rank import kendall_tau
from micronas.estimate.settings import TrainSettings, learning_rates
from micronas.estimate.supernet.elastic import ElasticNet
from micronas.estimate.supernet.region import Genes, Region
from micronas.estimate.train import batches, run_epoch

Tensor: TypeAlias = Any

RANDOM_NETS = 2
"""Networks between the ends that each step trains."""

SUPERNET = TrainSettings(epochs=20, learning_rate=0.01, augment=0.5)
"""Longer than a single network's training: the weights have to serve all."""

STATISTICS_SAMPLES = 250
"""Training samples that give a subnet its statistics when it is scored."""

TRUSTED_TAU = 0.4
"""Kendall's tau against stand-alone training below which shared weights do not order networks well enough."""


class Supernet:
    """A trained region: ``accuracy(genes)`` is the float validation accuracy with the shared weights."""

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
class Agreement:
    """Kendall's tau between shared-weight and stand-alone accuracies of ``networks`` networks."""

    tau: float
    networks: int

    @property
    def warning(self) -> str:
        """What to say when shared weights should not be trusted; empty when they may."""
        if self.tau >= TRUSTED_TAU:
            return ""
        return (
            f"Kendall's tau of the supernet is {self.tau:.2f} over {self.networks} networks, under "
            f"{TRUSTED_TAU}: train it longer, or train candidates on their own"
        )


def agreement(shared: Sequence[float], stand_alone: Sequence[float]) -> Agreement:
    """How well accuracies with shared weights order networks as training each of them does."""
    return Agreement(kendall_tau(shared, stand_alone), len(shared))


def fit_supernet(
    region: Region, dataset: Dataset, settings: TrainSettings, seed: int, deadline_s: float = math.inf
) -> Supernet:
    """Train the region's shared weights; a pure function of its arguments unless the deadline cuts it short.

    Raises ``TrainError`` for a loss that is not finite, or when no epoch was finished in time.
    """
    end = time.monotonic() + deadline_s
    elastic = ElasticNet(region, seed)
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
    rng = np.random.default_rng(seed)
    steps = len(dataset.train) // batch
    rates = learning_rates(settings, steps * settings.epochs)
    for epoch in range(settings.epochs):
        order = batches(rng, len(dataset.train), batch)
        if run_epoch(loop, order, rates[epoch * steps : (epoch + 1) * steps], end) is None:
            if epoch == 0:
                raise TrainError(f"the supernet finished no epoch within {deadline_s:.0f} s")
            break
    return Supernet(elastic, dataset)


def sandwich(elastic: ElasticNet, smoothing: float, seed: int) -> Any:
    """The loss of a step; which random networks it trains follows from ``seed`` and the step's number."""
    region, labelled = elastic.region, smoothed_cross_entropy(elastic.region.space.n_classes, smoothing)
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
