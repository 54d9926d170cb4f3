"""The compiled bilevel loop: edges step on one half of the data, weights on the other.

One inner function gives the loss and both gradients for any weights, edges and batch; it is traced once, and
the first-order step, the second-order step and the Hessian call it.
"""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import DataSplit
from micronas.strategy.darts.bilevel import first_order, second_order
from micronas.strategy.darts.edges import EdgeWeights
from micronas.strategy.darts.eigenvalue import dominant_eigenvalue
from micronas.strategy.darts.settings import DartsSettings
from micronas.strategy.darts.supernet import CellSupernet
from micronas.train.augment import Augment
from micronas.train.loop import EPSILON
from micronas.train.objectives import class_weights_of

Tensor: TypeAlias = Any
Ints = npt.NDArray[np.int32]

EDGE_BETA_1, EDGE_BETA_2 = 0.5, 0.999
"""Adam's moments for the edges, as in the paper."""


class DartsLoop:
    """Learns ``alphas`` along with the supernet's weights; see the module."""

    def __init__(
        self,
        supernet: CellSupernet,
        weight_half: DataSplit,
        edge_half: DataSplit,
        settings: DartsSettings,
        augment: Augment | None,
        seed: int,
    ) -> None:
        self._supernet, self._settings, self._augment = supernet, settings, augment
        self._seed, self._done = seed % 2**31, 0
        self._halves = [
            (tf.constant(half.x), tf.constant(half.y.astype(np.int32))) for half in (weight_half, edge_half)
        ]
        labels = np.concatenate([weight_half.y, edge_half.y])
        self._by_class = class_weights_of(labels, int(labels.max()) + 1) if settings.class_weights else None
        start = np.random.default_rng([seed, 2]).normal(0.0, 1e-3, supernet.alpha_count)
        self.weights = tf.Variable(supernet.initial, name="weights")
        self.alphas = tf.Variable(start.astype(np.float32), name="alphas")
        self._velocity = tf.Variable(tf.zeros_like(self.weights))
        self._moments = [tf.Variable(tf.zeros_like(self.alphas)) for _ in range(2)]
        self._taken = tf.Variable(0.0)
        self._gradients = tf.function(self._loss_and_gradients, autograph=False)
        self.compiled = tf.function(self._steps, autograph=False, reduce_retracing=True)

    def steps(self, weight_batches: Ints, edge_batches: Ints, rates: npt.NDArray[np.float32]) -> float:
        """One step per row; returns the mean training loss.

        Edges do not learn where ``edge_batches`` is -1.
        """
        loss = self.compiled(
            tf.constant(weight_batches),
            tf.constant(edge_batches),
            tf.constant(rates),
            tf.constant(self._done),
        )
        self._done += len(rates)
        return float(loss) / len(rates)

    def eigenvalue(self, batch: Ints) -> float:
        """Dominant eigenvalue of the validation loss' Hessian in the alphas, on a batch of the usual size."""
        validation = self._on_batch(1, tf.constant(batch), None)
        weights, alphas = self.weights.read_value(), self.alphas.read_value()
        start = tf.random.stateless_normal(alphas.shape, [self._seed, 3])
        # Called individually: a graph of all iterations would take longer to optimise than to run.
        value = dominant_eigenvalue(
            lambda at: validation(weights, at)[2], alphas, start, self._settings.power_iterations
        )
        return float(value)

    def edge_weights(self) -> tuple[EdgeWeights, EdgeWeights]:
        """Weights of the normal and of the reduction cell."""
        return self._supernet.edge_weights(self.alphas.numpy())

    def _loss_and_gradients(
        self, weights: Tensor, alphas: Tensor, x: Tensor, y: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([weights, alphas])
            logits = self._supernet(weights, alphas, x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(losses if self._by_class is None else losses * tf.gather(self._by_class, y))
        return (loss, *tape.gradient(loss, [weights, alphas]))

    def _on_batch(self, half: int, chosen: Tensor, number: Tensor | None) -> Any:
        """The loss and its gradients on a batch, as a function of weights and alphas."""
        x, y = (tf.gather(part, chosen) for part in self._halves[half])
        if number is not None and self._augment is not None:
            x = self._augment(x, tf.stack([self._seed, 16 * number]))
        return functools.partial(self._gradients, x=x, y=y)

    def _steps(self, weight_batches: Tensor, edge_batches: Tensor, rates: Tensor, done: Tensor) -> Tensor:
        variables = [self.weights, self._velocity, self.alphas, *self._moments, self._taken]

        def body(i: Tensor, total: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
            weights, velocity, *edges = state
            train = self._on_batch(0, weight_batches[i], done + i)

            def learn() -> tuple[Tensor, ...]:
                validation = self._on_batch(1, edge_batches[i], None)
                return self._edge_step(train, validation, weights, rates[i], edges)

            edges = tf.cond(edge_batches[i, 0] >= 0, learn, lambda: tuple(edges))
            loss, gradient, _ = train(weights, edges[0])
            gradient = tf.clip_by_norm(gradient, self._settings.clip_norm)
            gradient += self._settings.weight_decay * weights
            velocity = self._settings.momentum * velocity + gradient
            return (i + 1, total + loss, weights - rates[i] * velocity, velocity, *edges)

        count = tf.shape(rates)[0]
        start = (0, 0.0, *[v.read_value() for v in variables])
        _, total, *state = tf.while_loop(lambda i, *_: i < count, body, start)
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        return total

    def _edge_step(
        self, train: Any, validation: Any, weights: Tensor, rate: Tensor, edges: list[Tensor]
    ) -> tuple[Tensor, ...]:
        alphas, first, second, taken = edges
        if self._settings.order == 2:
            _, gradient = second_order(train, validation, weights, alphas, rate)
        else:
            _, gradient = first_order(validation, weights, alphas)
        gradient += self._settings.edge_weight_decay * alphas
        taken += 1.0
        first = EDGE_BETA_1 * first + (1 - EDGE_BETA_1) * gradient
        second = EDGE_BETA_2 * second + (1 - EDGE_BETA_2) * gradient * gradient
        step = (first / (1 - EDGE_BETA_1**taken)) / (tf.sqrt(second / (1 - EDGE_BETA_2**taken)) + EPSILON)
        return alphas - self._settings.edge_learning_rate * step, first, second, taken
