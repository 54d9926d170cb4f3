"""Depthwise convolutions whose strides differ, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.train.depthwise import depthwise_conv2d


def by_hand(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """SAME padding along the only dimension that is longer than one position."""
    size, taps = x.shape[1], kernel.shape[0]
    outputs = -(-size // stride)
    before = max(0, (outputs - 1) * stride + taps - size) // 2
    padded = np.zeros((x.shape[0], before + size + taps * stride, x.shape[2]), np.float32)
    padded[:, before : before + size] = x
    columns = [padded[:, i * stride : i * stride + taps] * kernel for i in range(outputs)]
    return np.stack([column.sum(axis=1) for column in columns], axis=1)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("across", [False, True])
def test_strides_may_differ_along_a_dimension_of_one_position(size: int, across: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, size, 3)).astype(np.float32)
    kernel = rng.normal(size=(3, 3)).astype(np.float32)
    axis = 1 if across else 2
    strides = (1, 2) if across else (2, 1)
    y = depthwise_conv2d(np.expand_dims(x, axis), np.expand_dims(kernel, axis - 1)[..., np.newaxis], strides)
    np.testing.assert_allclose(np.squeeze(y, axis), by_hand(x, kernel, 2), rtol=1e-5)
