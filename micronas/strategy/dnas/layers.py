"""Masks, and the normalised, fake-quantized layer of which every path of the supernet consists."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.model.op_attributes import Activation
from micronas.space.extent import Plane
from micronas.strategy.dnas.fake_quant import quantized_activation
from micronas.strategy.dnas.parameters import ParameterSource
from micronas.train.tf_model import activated
from micronas.train.weights import BATCH_NORM_EPSILON

Tensor: TypeAlias = Any


def normalised(source: ParameterSource, y: Tensor, activation: Activation) -> Tensor:
    """Batch normalisation, clamp and rounding after a convolution."""
    channels = int(y.shape[-1])
    y, *_ = tf.raw_ops.FusedBatchNormV3(
        x=y,
        scale=source.vector(channels, 1.0),
        offset=source.vector(channels, 0.0),
        mean=tf.zeros(0),
        variance=tf.zeros(0),
        epsilon=BATCH_NORM_EPSILON,
        is_training=True,
    )
    y = activated(activation, y)
    y, magnitude = quantized_activation(y, source.magnitude(), signed=activation is Activation.NONE)
    source.observed(magnitude)
    return y


def width_mask(widths: tuple[int, ...], choice: Tensor) -> Tensor:
    """float32 (widest,): the expected mask of output channels."""
    masks = np.arange(widths[-1])[np.newaxis] < np.array(widths)[:, np.newaxis]
    return tf.linalg.matvec(masks.astype(np.float32), choice, transpose_a=True)


def kernel_mask(windows: tuple[Plane, ...], choice: Tensor) -> Tensor:
    """float32 (height, width) of the largest kernel: the expected mask of its taps.

    A smaller kernel is the centre of a larger one: with SAME padding, both have the same centre.
    """
    largest = (max(h for h, _ in windows), max(w for _, w in windows))
    masks = np.stack([_centre(window, largest) for window in windows])
    return tf.tensordot(choice, tf.constant(masks), 1)


def _centre(size: Plane, largest: Plane) -> npt.NDArray[np.float32]:
    mask = np.zeros(largest, np.float32)
    top, left = (largest[0] - size[0]) // 2, (largest[1] - size[1]) // 2
    mask[top : top + size[0], left : left + size[1]] = 1.0
    return mask
