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

    On a CPU, TensorFlow's kernels may take equal strides only: see ``equal_strides``.
    """
    down, across = equal_strides(x.shape, strides)
    return tf.nn.depthwise_conv2d(x, kernel, (1, down, across, 1), padding, dilations=dilations)


def equal_strides(shape: tuple[int | None, ...], strides: tuple[int, int]) -> tuple[int, int]:
    """Strides with the same result on an input of ``shape`` (N, height, width, channels), equal if possible.

    Some of TensorFlow's CPU kernels take equal strides only. Along a dimension of one position every stride
    gives the same output and the same padding, so the other dimension's stride serves for both.
    """
    down, across = strides
    if shape[2] == 1:
        return down, down
    return (across, across) if shape[1] == 1 else strides
