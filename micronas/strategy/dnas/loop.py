"""The compiled loop of a search: weights step on one half of the data, choices on the other.

Many steps per call and one trace, as in ``micronas.train.loop``; warm-up is a branch of the same trace.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import DataSplit
from micronas.strategy.dnas.cost_tables import CostTables
from micronas.strategy.dnas.decisions import by_name
from micronas.strategy.dnas.gumbel import gumbel_softmax, split_softmax, straight_through
from micronas.strategy.dnas.limits import CostConstraints
from micronas.strategy.dnas.relaxed_costs import penalty, relaxed_costs
from micronas.strategy.dnas.schedule import Schedule
from micronas.strategy.dnas.settings import DnasSettings
from micronas.strategy.dnas.supernet import DnasSupernet
from micronas.train.augment import Augment
from micronas.train.loop import BETA_1, BETA_2, EPSILON
from micronas.train.objectives import class_weights_of, smoothed_cross_entropy

Tensor: TypeAlias = Any


class DnasLoop:
    """Learns ``logits``, the log-weights of all choices, together with the supernet's weights."""

    def __init__(
        self,
        supernet: DnasSupernet,
        tables: CostTables,
        aims: CostConstraints,
        weight_half: DataSplit,
        choice_half: DataSplit,
        settings: DnasSettings,
        augment: Augment | None,
        seed: int,
    ) -> None:
        self._supernet, self._tables, self._aims, self._settings = supernet, tables, aims, settings
        self._sizes = supernet.backbone.decision_sizes
        self._halves = [
            (tf.constant(half.x), tf.constant(half.y.astype(np.int32))) for half in (weight_half, choice_half)
        ]
        classes = supernet.backbone.n_classes
        y = np.concatenate([weight_half.y, choice_half.y])
        weights = class_weights_of(y, classes) if settings.class_weights else None
        self._objective = smoothed_cross_entropy(classes, settings.label_smoothing, weights)
        self._decay = tf.constant(supernet.is_kernel * np.float32(settings.weight_decay))
        self._augment, self._seed, self._done = augment, seed % 2**31, 0
        self.logits = tf.Variable(tf.zeros(sum(self._sizes)), name="choices")
        self.weights = tf.Variable(supernet.initial, name="weights")
        self._variables = [
            self.weights,
            tf.Variable(supernet.initial_magnitudes),
            tf.Variable(tf.zeros_like(self.weights)),
            tf.Variable(tf.zeros_like(self.weights)),
            self.logits,
            tf.Variable(tf.zeros_like(self.logits)),
            tf.Variable(tf.zeros_like(self.logits)),
        ]
        self.compiled = tf.function(self._steps, autograph=False, reduce_retracing=True)

    def steps(self, schedule: Schedule) -> tuple[float, float]:
        """Run ``schedule``; mean losses of the weights' and of the choices' steps (0 during warm-up)."""
        losses = self.compiled(
            *(tf.constant(part) for part in (schedule.weight_batches, schedule.choice_batches)),
            *(tf.constant(part) for part in (schedule.rates, schedule.temperatures, schedule.choice_numbers)),
            tf.constant(self._done),
        )
        self._done += len(schedule)
        of_weights, of_choices = (float(loss) for loss in losses.numpy())
        return of_weights / len(schedule), of_choices / max(1, int((schedule.choice_numbers >= 0).sum()))

    def probabilities(self) -> tuple[npt.NDArray[np.float32], ...]:
        """softmax of the logits, one vector per decision."""
        return tuple(p.numpy() for p in split_softmax(self.logits, self._sizes))

    def _steps(
        self,
        weight_batches: Tensor,
        choice_batches: Tensor,
        rates: Tensor,
        temperatures: Tensor,
        choice_numbers: Tensor,
        done: Tensor,
    ) -> Tensor:
        def body(i: Tensor, losses: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
            loss, state = self._weight_step(weight_batches[i], rates[i], temperatures[i], done + i, state)

            def learn() -> tuple[Tensor, ...]:
                return self._choice_step(
                    choice_batches[i], temperatures[i], done + i, choice_numbers[i], state
                )

            choice_loss, *state = tf.cond(choice_numbers[i] >= 0, learn, lambda: (0.0, *state))
            return (i + 1, losses + tf.stack([loss, choice_loss]), *state)

        count = tf.shape(rates)[0]
        start = (0, tf.zeros(2), *[v.read_value() for v in self._variables])
        _, losses, *state = tf.while_loop(lambda i, *_: i < count, body, start)
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)
        return losses

    def _weight_step(
        self, chosen: Tensor, rate: Tensor, temperature: Tensor, number: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        weights, magnitudes, first, second, logits, *rest = state
        x, y = (tf.gather(part, chosen) for part in self._halves[0])
        if self._augment is not None:
            x = self._augment(x, tf.stack([self._seed, 16 * number]))
        decisions = by_name(gumbel_softmax(logits, self._sizes, temperature, self._draw(number, 0)))
        with tf.GradientTape() as tape:
            tape.watch(weights)
            output, magnitudes = self._supernet.forward(weights, magnitudes, decisions, x)
            loss = self._objective(x, y, output)
        update, first, second = _adam(tape.gradient(loss, weights), first, second, number)
        weights = weights - rate * (update + self._decay * weights)
        return loss, (weights, magnitudes, first, second, logits, *rest)

    def _choice_step(
        self,
        chosen: Tensor,
        temperature: Tensor,
        number: Tensor,
        choice_number: Tensor,
        state: tuple[Tensor, ...],
    ) -> tuple[Tensor, ...]:
        weights, magnitudes, first, second, logits, logits_first, logits_second = state
        x, y = (tf.gather(part, chosen) for part in self._halves[1])
        with tf.GradientTape() as tape:
            tape.watch(logits)
            vectors = gumbel_softmax(logits, self._sizes, temperature, self._draw(number, 1))
            decisions = by_name(vectors)
            output, _ = self._supernet.forward(weights, magnitudes, decisions, x)
            loss = self._objective(x, y, output)
            costs = relaxed_costs(decisions, self._tables, by_name(straight_through(vectors)))
            total = loss + penalty(costs, self._aims, self._settings.budget_weight)
        gradient = tape.gradient(total, logits)
        update, logits_first, logits_second = _adam(gradient, logits_first, logits_second, choice_number)
        logits = logits - self._settings.choice_learning_rate * update
        return loss, weights, magnitudes, first, second, logits, logits_first, logits_second

    def _draw(self, number: Tensor, which: int) -> Tensor:
        return tf.stack([self._seed, 2 * number + which])


def _adam(gradient: Tensor, first: Tensor, second: Tensor, number: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Adam's direction and its moments (Kingma & Ba 2015)."""
    first = BETA_1 * first + (1 - BETA_1) * gradient
    second = BETA_2 * second + (1 - BETA_2) * gradient * gradient
    t = tf.cast(number + 1, tf.float32)
    return (first / (1 - BETA_1**t)) / (tf.sqrt(second / (1 - BETA_2**t)) + EPSILON), first, second
