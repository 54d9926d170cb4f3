"""Sandwich rule with in-place distillation, for nested networks (Yu & Huang 2019).

Every step trains the widest network on the labels and the narrowest and two random ones on the widest one's
outputs, so that both ends of the region, and the networks between them, can be compared.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

from micronas.supernet.region import NestedRegion
from micronas.supernet.shared_net import SharedNet
from micronas.train.loop import Loss
from micronas.train.objectives import Objective

Tensor: TypeAlias = Any

RANDOM_NETS = 2
"""Random networks between the two ends per step."""


def sandwich(shared: SharedNet[NestedRegion], objective: Objective, seed: int, distils: bool = True) -> Loss:
    """The loss of a step; ``seed`` and the step number determine the random networks.

    Without ``distils``, all of them learn
    ``objective``: for autoencoders, the input is a better target than the output of the widest network.
    """
    region = shared.region
    sizes = tf.constant(region.sizes, tf.float32)
    seed = seed % 2**31

    def loss(parameters: Tensor, statistics: Tensor, x: Tensor, y: Tensor, number: Tensor) -> Any:
        widest = shared.forward(parameters, region.widest, x)
        targets = tf.stop_gradient(tf.nn.softmax(widest))
        draw_seed = tf.stack([seed, 16 * number + 8])  # not the augmentation's, 16 apart
        draw = tf.random.stateless_uniform((RANDOM_NETS, len(region.sizes)), draw_seed)
        drawn = tf.cast(tf.floor(draw * sizes), tf.int32)
        others = [region.narrowest, *tf.unstack(drawn)]
        total = objective(x, y, widest)
        for genes in others:
            answers = shared.forward(parameters, genes, x)
            if distils:
                total += tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, answers))
            else:
                total += objective(x, y, answers)
        return total / (1 + len(others)), statistics

    return loss
