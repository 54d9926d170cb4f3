"""Batch normalisation by the batch or its first samples; running statistics would mix networks."""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

from micronas.train.weights import BATCH_NORM_EPSILON

Tensor: TypeAlias = Any


def by_batch(y: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """``y`` (batch, height, width, channels) by its own statistics."""
    y, *_ = tf.raw_ops.FusedBatchNormV3(
        x=y,
        scale=scale,
        offset=offset,
        mean=tf.zeros(0),
        variance=tf.zeros(0),
        epsilon=BATCH_NORM_EPSILON,
        is_training=True,
    )
    return y


def normalised(y: Tensor, scale: Tensor, offset: Tensor, seen: int | None) -> Tensor:
    """``y`` (batch, ..., channels) by the statistics of the first ``seen`` samples; None takes all."""
    if seen is None and y.shape.rank == 4:
        return by_batch(y, scale, offset)
    mean, variance = tf.nn.moments(y[:seen], list(range(y.shape.rank - 1)))
    scale *= tf.math.rsqrt(variance + BATCH_NORM_EPSILON)
    return y * scale + (offset - mean * scale)
