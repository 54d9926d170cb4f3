"""Bytes and operations as differentiable functions of relaxed choices, and the penalty for exceeding a
budget.

Constants and operations are expectations over the exact tables. SRAM is a maximum, and the largest of the
blocks' expected peaks is less than the peak that is to be expected. It is therefore that of one network, the
drawn one: exact in value, with the gradient of the relaxed choices, which is distributed over the blocks by
a softmax, so that it does not depend on one block alone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.strategy.dnas.choice import KEEP
from micronas.strategy.dnas.cost_tables import CONSTANT_BYTES, MACS, MS, SRAM_BYTES, Costs, CostTables
from micronas.strategy.dnas.decisions import Decisions
from micronas.strategy.dnas.limits import CostConstraints, LatencyPenalty

Tensor: TypeAlias = Any

SHARPNESS = 0.05
"""Sharpness of the smooth maximum's gradient: a block 5 % below the peak gets 1/e of the peak's share."""


def relaxed_costs(decisions: Decisions, tables: CostTables, drawn: Decisions | None = None) -> Tensor:
    """float64 (4,): constants in bytes, SRAM in bytes, MACs, predicted ms.

    SRAM is that of ``drawn``, the one-hot decisions; without them, a lower bound. All are exact when every
    decision is one-hot.
    """
    layers = _layer_costs(decisions, tables)
    peaks = layers if drawn is None else _layer_costs(drawn, tables)
    return tf.stack(
        [
            tf.reduce_sum(layers[:, CONSTANT_BYTES]) + tables.base_bytes,
            smooth_max(peaks[:, SRAM_BYTES]),
            tf.reduce_sum(layers[:, MACS]),
            tf.reduce_sum(layers[:, MS]),
        ]
    )


def _layer_costs(decisions: Decisions, tables: CostTables) -> Tensor:
    """float64 (layers, 4): the expected costs of stem, blocks and head."""
    terms = [_expected(tables.stem, decisions.stem_kernel, decisions.stem_width)]
    width = decisions.stem_width
    for slot, table in zip(decisions.slots, tables.slots, strict=True):
        keep = slot.keep[KEEP]
        terms.append(tf.cast(keep, tf.float64) * _expected(table, slot.candidate, width, slot.width))
        # A skipped block outputs the width that it reads; only there are the two grids equal.
        width = slot.width if slot.keep.shape[0] == 1 else keep * slot.width + (1.0 - keep) * width
    terms.append(_expected(tables.head, width))
    return tf.stack(terms)


def smooth_max(values: Tensor) -> Tensor:
    """max(values), with the gradient of softmax(values / (SHARPNESS x max))."""
    largest = tf.reduce_max(values)
    shares = tf.nn.softmax(values / (SHARPNESS * largest))
    soft = tf.reduce_sum(tf.stop_gradient(shares) * values)
    return soft + tf.stop_gradient(largest - soft)


def hinge(costs: Tensor, limits: Costs) -> Tensor:
    """Sum of the shares by which costs exceed their limits; 0 within the budget."""
    bounds = np.array([limits.constant_bytes, limits.sram_bytes, limits.macs, limits.ms])
    return tf.cast(tf.reduce_sum(tf.nn.relu(costs / bounds - 1.0)), tf.float32)


def penalty(costs: Tensor, aims: CostConstraints, budget_weight: float) -> Tensor:
    """The penalty for ``costs`` (4,): the weighted hinge, and the logarithm of the latency factor."""
    over = budget_weight * hinge(costs, aims.limits)
    return over if aims.pull is None else over + slowness(costs, aims.pull)


def slowness(costs: Tensor, pull: LatencyPenalty) -> Tensor:
    """-log of the reward's latency factor, as cross-entropy is -log of the surrogate of the accuracy."""
    excess = tf.cast(tf.math.log(costs[MS] / pull.target_ms), tf.float32)
    return pull.exponent * (tf.nn.relu(excess) if pull.hard else excess)


def _expected(table: Any, *choices: Tensor) -> Tensor:
    """Mean of ``table`` under independent choices, one vector per leading axis."""
    value = tf.constant(table)
    for choice in choices:
        value = tf.tensordot(tf.cast(choice, tf.float64), value, 1)
    return value
