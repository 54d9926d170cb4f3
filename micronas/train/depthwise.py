"""Depthwise convolution with strides that TensorFlow's CPU kernels accept on every processor."""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any


def depthwise_conv2d(
    x: Tensor,
    kernel: Tensor,
    strides: tuple[int, int],
    padding: str = "SAME",
    dilations: tuple[int, int] = (1, 1),
) -> Tensor:
    """One filter per channel; ``x`` (N, height, width, channels), strides and dilations down and across.

    Some of TensorFlow's CPU kernels accept only equal strides. Along a dimension of size one, every stride
    gives the same output and padding, so the other dimension's stride is used for both.
    """
    down, across = strides
    if x.shape[2] == 1:
        across = down
    elif x.shape[1] == 1:
        down = across
    return tf.nn.depthwise_conv2d(x, kernel, (1, down, across, 1), padding, dilations=dilations)
