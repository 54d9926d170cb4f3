"""Mixup: training on weighted means of two samples, with the same weights for what is learned of them.

Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

from micronas.train.loop import Loss
from micronas.train.objectives import Objective
from micronas.train.tf_model import TfModel

Tensor: TypeAlias = Any

SEED = 7
"""Apart from the seeds of augmentation, which are 16 apart, and of dropout."""


def mixed(model: TfModel, objective: Objective, alpha: float) -> Loss:
    """The loss of ``model`` on a batch of which each sample is mixed with the one at the mirrored position.

    A weight per batch is drawn from Beta(``alpha``, ``alpha``). The loss is the same weighted mean of the
    losses against both labels or targets; for the cross-entropy and the squared error, this gives the
    gradient of the mixed label. Batches are shuffled, so the partners are random.
    """

    def loss(
        parameters: Tensor, statistics: Tensor, x: Tensor, y: Tensor, number: Tensor
    ) -> tuple[Tensor, Tensor]:
        weight = drawn_weight(tf.stack([model.seed % 2**31, 16 * number + SEED]), alpha)
        x = weight * x + (1 - weight) * tf.reverse(x, (0,))
        noise = tf.stack([-1 - model.seed % 2**31, number])
        logits, statistics = model.forward(parameters, statistics, x, training=True, noise=noise)
        own, other = objective(x, y, logits), objective(x, tf.reverse(y, (0,)), logits)
        return weight * own + (1 - weight) * other, statistics

    return loss


def drawn_weight(seed: Tensor, alpha: float) -> Tensor:
    """A scalar from Beta(``alpha``, ``alpha``): the share of one of two gamma variates."""
    # A small shape gives variates below the smallest float32; their shares are then 0 and 1 in truth.
    one, other = tf.unstack(tf.random.stateless_gamma((2,), seed, alpha) + 1e-30)
    return one / (one + other)
