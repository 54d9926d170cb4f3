"""Strides of convolutions as TensorFlow's CPU kernels take them; imports nothing of TensorFlow."""

from __future__ import annotations


def equal_strides(shape: tuple[int | None, ...], strides: tuple[int, int]) -> tuple[int, int]:
    """Strides with the same result on an input of ``shape`` (N, height, width, channels), equal if possible.

    Some of TensorFlow's CPU kernels take equal strides only. Along a dimension of one position every stride
    gives the same output and the same padding, so the other dimension's stride serves for both.
    """
    down, across = strides
    if shape[2] == 1:
        return down, down
    return (across, across) if shape[1] == 1 else strides
