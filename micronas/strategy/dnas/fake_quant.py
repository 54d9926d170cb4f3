"""int8 in the loop: round to the grid forward, straight-through gradient backward (Bengio et al. 2013).

Weights are symmetric per output channel. A batch normalisation that is folded later scales whole output
channels together with their scales, so rounding before folding equals rounding after it. Activations follow
an exponential average of their largest magnitude.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any

MAGNITUDE_MOMENTUM = 0.9

_SMALLEST = 1e-8
"""Avoids a division by zero for a kernel that a mask turned off."""


def quantized_weights(kernel: Tensor, channel_axis: int) -> Tensor:
    """``kernel`` on the grid scale x {-127 .. 127}, one scale per index of ``channel_axis``."""
    axes = [axis for axis in range(kernel.shape.rank) if axis != channel_axis % kernel.shape.rank]
    scale = tf.reduce_max(tf.abs(kernel), axes, keepdims=True) / 127.0 + _SMALLEST
    return kernel + tf.stop_gradient(tf.round(kernel / scale) * scale - kernel)


def quantized_activation(x: Tensor, magnitude: Tensor, signed: bool) -> tuple[Tensor, Tensor]:
    """``x`` on an int8 grid, and the running magnitude after this batch.

    ``magnitude`` is 0 before the first batch. Unsigned values (behind a ReLU) use all 256 steps for
    0 .. magnitude, as TFLite's affine scheme does. Values outside are clipped and get no gradient.
    """
    seen = tf.stop_gradient(tf.reduce_max(tf.abs(x) if signed else x)) + _SMALLEST
    running = MAGNITUDE_MOMENTUM * magnitude + (1.0 - MAGNITUDE_MOMENTUM) * seen
    magnitude = tf.where(magnitude > 0.0, running, seen)
    lowest = -magnitude if signed else tf.zeros_like(magnitude)
    return tf.quantization.fake_quant_with_min_max_vars(x, lowest, magnitude, narrow_range=signed), magnitude
