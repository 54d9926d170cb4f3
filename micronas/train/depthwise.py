"""Depthwise convolution with strides that TensorFlow's CPU kernels accept on every processor."""

from __future__ import annotations

from typing import Any, TypeAlias

import tensorflow as tf

from micronas.train.strides import equal_strides

Tensor: TypeAlias = Any


def depthwise_conv2d(
    x: Tensor,
    kernel: Tensor,
    strides: tuple[int, int],
    padding: str = "SAME",
    dilations: tuple[int, int] = (1, 1),
) -> Tensor:
    """One filter per channel; ``x`` (N, height, width, channels), strides and dilations down and across.

    On a CPU, TensorFlow's kernels may take equal strides only: see ``equal_strides``.
    """
    down, across = equal_strides(x.shape, strides)
    return tf.nn.depthwise_conv2d(x, kernel, (1, down, across, 1), padding, dilations=dilations)
