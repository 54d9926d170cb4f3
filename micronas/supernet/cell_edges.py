"""One edge of a shared cell: it has the weights of all operations and computes only the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.space.cell.arch import EdgeOp
from micronas.space.extent import Plane, effective_kernel, halved
from micronas.supernet.cell_plan import operation_layers
from micronas.supernet.cell_region import OPS
from micronas.supernet.weight_bank import Group
from micronas.train.batch_norm import normalised
from micronas.train.depthwise import depthwise_conv2d

Tensor: TypeAlias = Any

_POOLS: dict[EdgeOp, tuple[Callable[..., Tensor], int]] = {
    EdgeOp.MAX_POOL_3X3: (tf.nn.max_pool2d, 3),
    EdgeOp.MAX_POOL_5X5: (tf.nn.max_pool2d, 5),
    EdgeOp.AVERAGE_POOL_3X3: (tf.nn.avg_pool2d, 3),
}

_WINDOWS = {EdgeOp.DEPTHWISE_5X5: 5, EdgeOp.CONV_1X1: 1, EdgeOp.IDENTITY: 1}
"""Sizes of kernels that are not 3."""


@dataclass(frozen=True)
class Layers:
    """A group's layers with their weights: convolution, normalisation, ReLU, and the mask of the width.

    Statistics are those of the batch's first ``seen`` samples; None takes all.
    """

    group: Group
    weights: Tensor
    mask: Tensor
    seen: int | None

    def apply(self, name: str, x: Tensor, window: Plane, steps: Plane) -> Tensor:
        """One weighted layer on ``x``; for a larger kernel, ``window`` selects the centre."""
        layer = self.group.layers[name]
        kernel, scale, offset = self.group.arrays(self.weights, name)
        kernel = _centre(tf.reshape(kernel, layer.shape), window)
        if layer.is_depthwise:
            y = depthwise_conv2d(x, kernel, steps)
        else:
            y = tf.nn.conv2d(x, kernel, steps, "SAME")
        return tf.nn.relu(normalised(y, scale, offset, self.seen)) * self.mask


def edge_value(layers: Layers, x: Tensor, op: Tensor, steps: Plane) -> Tensor:
    """The output of operation ``op`` (int32 scalar, an index of ``OPS``) on ``x`` with strides ``steps``."""
    return tf.switch_case(op, [_branch(layers, x, choice, steps) for choice in OPS])


def picked(values: Sequence[Tensor], index: Tensor) -> Tensor:
    """``values[index]``, of equal shapes, without a copy."""
    if len(values) == 1:
        return values[0]
    return tf.switch_case(index, [_constantly(value) for value in values])


def _branch(layers: Layers, x: Tensor, op: EdgeOp, steps: Plane) -> Callable[[], Tensor]:
    plane = (int(x.shape[1]), int(x.shape[2]))
    window = effective_kernel(_WINDOWS.get(op, 3), plane)

    def run() -> Tensor:
        if op is EdgeOp.NONE:
            return tf.zeros((tf.shape(x)[0], *halved(plane, steps), int(x.shape[3])))
        if op in _POOLS:
            pool, size = _POOLS[op]
            return pool(x, effective_kernel(size, plane), steps, "SAME")
        if op is EdgeOp.IDENTITY and steps == (1, 1):
            return tf.identity(x)
        first, *rest = operation_layers(op)
        y = layers.apply(first, x, window, steps)
        for name in rest:
            y = layers.apply(name, y, (1, 1), (1, 1))
        return y

    return run


def _constantly(value: Tensor) -> Callable[[], Tensor]:
    return lambda: tf.identity(value)


def _centre(kernel: Tensor, window: Plane) -> Tensor:
    top, left = ((int(n) - w) // 2 for n, w in zip(kernel.shape[:2], window, strict=True))
    return kernel[top : top + window[0], left : left + window[1]] if (top, left) != (0, 0) else kernel
