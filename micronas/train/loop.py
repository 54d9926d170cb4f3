"""The compiled training loop: many steps per call, one trace per network.

Python enters the graph once per several dozen steps, not once per step. Gathering, augmentation and training
of the batches run inside one ``tf.while_loop`` over functional weights. Only the loss is read back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.train.augment import Augment
from micronas.train.loop_state import LoopState
from micronas.train.objectives import Objective
from micronas.train.tf_model import TfModel

Tensor: TypeAlias = Any
Loss: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(parameters, statistics, inputs, labels, step number) -> mean loss, statistics after the batch."""


class Trainable(Protocol):
    """Flat variables of a network; ``is_kernel`` is 1.0 where weight decay applies."""

    parameters: tf.Variable
    statistics: tf.Variable
    is_kernel: npt.NDArray[np.float32]


BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-7
"""AdamW's moments; 0.99 because a training has hundreds of steps, not tens of thousands."""


class TrainLoop:
    """AdamW on ``model`` over samples held in memory.

    ``steps(order, rates)`` runs one step per row of ``order`` (int32 (steps, batch), indices of samples)
    and returns the mean loss. ``average`` is an exponential moving average of the parameters. Gradients are
    clipped to the norm ``clip_norm``. ``y`` are labels, or targets of a regression.
    """

    def __init__(
        self,
        model: Trainable,
        x: npt.NDArray[np.float32],
        y: npt.NDArray[np.int64] | npt.NDArray[np.float32],
        loss: Loss,
        *,
        batch_size: int,
        weight_decay: float,
        augment: Augment | None = None,
        seed: int = 0,
        average_decay: float = 0.0,
        clip_norm: float = math.inf,
    ) -> None:
        size = model.is_kernel.size
        self.model = model
        self.average = tf.Variable(model.parameters, name="average")
        self._x = tf.constant(x)
        self._y = tf.constant(y if y.dtype.kind == "f" else y.astype(np.int32))
        self._moments = [tf.Variable(tf.zeros(size)), tf.Variable(tf.zeros(size))]
        self._loss, self._augment = loss, augment
        self._decay = tf.constant(model.is_kernel * np.float32(weight_decay))
        self._average_decay, self._clip_norm = average_decay, clip_norm
        self._seed, self._done = seed % 2**31, 0
        # One signature for every number of steps: a second trace would cost as much as an epoch.
        signature = [
            tf.TensorSpec((None, batch_size), tf.int32),
            tf.TensorSpec((None,), tf.float32),
            tf.TensorSpec((), tf.int32),
        ]
        self._compiled = tf.function(self._steps, signature, autograph=False)

    def steps(self, order: npt.NDArray[np.int32], rates: npt.NDArray[np.float32]) -> float:
        """Train on the batches of ``order`` with the given learning rates; returns the mean loss."""
        total = self._compiled(tf.constant(order), tf.constant(rates), tf.constant(self._done))
        self._done += len(order)
        return float(total) / len(order)

    def state(self) -> LoopState:
        """Everything that the next step depends on, except the samples."""
        return LoopState(tuple(v.numpy() for v in self._variables), self._done)

    def restore(self, state: LoopState) -> None:
        """Resume from ``state``, saved by a loop over the same network and samples."""
        for variable, value in zip(self._variables, state.arrays, strict=True):
            variable.assign(value)
        self._done = state.steps

    @property
    def _variables(self) -> list[tf.Variable]:
        return [self.model.parameters, self.model.statistics, *self._moments, self.average]

    def _steps(self, order: Tensor, rates: Tensor, done: Tensor) -> Tensor:
        variables = self._variables

        def body(i: Tensor, loss: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
            batch_loss, state = self._step(order[i], rates[i], done + i, state)
            return (i + 1, loss + batch_loss, *state)

        count = tf.shape(order)[0]
        _, loss, *state = tf.while_loop(
            lambda i, *_: i < count, body, (0, 0.0, *[v.read_value() for v in variables])
        )
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        return loss

    def _step(
        self, chosen: Tensor, rate: Tensor, number: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        weights, statistics, first, second, average = state
        x, y = tf.gather(self._x, chosen), tf.gather(self._y, chosen)
        if self._augment is not None:
            x = self._augment(x, tf.stack([self._seed, 16 * number]))
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss, statistics = self._loss(weights, statistics, x, y, number)
        gradient = tape.gradient(loss, weights)
        if math.isfinite(self._clip_norm):
            gradient = tf.clip_by_norm(gradient, self._clip_norm)
        first = BETA_1 * first + (1 - BETA_1) * gradient
        second = BETA_2 * second + (1 - BETA_2) * gradient * gradient
        t = tf.cast(number + 1, tf.float32)
        update = (first / (1 - BETA_1**t)) / (tf.sqrt(second / (1 - BETA_2**t)) + EPSILON)
        weights = weights - rate * (update + self._decay * weights)
        # The average's window grows with the steps taken, so that the start is soon forgotten.
        keep = tf.minimum(self._average_decay, t / (t + 10.0))
        average = keep * average + (1 - keep) * weights
        return loss, (weights, statistics, first, second, average)


def supervised(model: TfModel, objective: Objective) -> Loss:
    """The loss of ``model`` on labelled samples."""

    def loss(
        parameters: Tensor, statistics: Tensor, x: Tensor, y: Tensor, number: Tensor
    ) -> tuple[Tensor, Tensor]:
        noise = tf.stack([-1 - model.seed % 2**31, number])  # augmentation uses seeds of 0 and more
        logits, statistics = model.forward(parameters, statistics, x, training=True, noise=noise)
        return objective(x, y, logits), statistics

    return loss
