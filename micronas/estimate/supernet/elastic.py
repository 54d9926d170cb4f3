"""One set of weights for every network of a region; which one runs is an input tensor.

The forward pass walks the layers of the largest network. Channels beyond a narrower width are masked to zero,
kernels are the centres of the largest ones, a skipped block hands on what it reads. So all networks share one
trace, and each computes exactly what it would as a network of its own with the slices of these weights.

Normalisation always takes the statistics of the batch, or of its first samples: running ones would mix those
of other networks in, so a subnet's are found anew whenever it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.estimate.supernet.block_region import (
    EXPANSION,
    GENES_PER_BLOCK,
    KEPT,
    KERNEL,
    WIDTH,
    BlockOptions,
    BlockRegion,
)
from micronas.estimate.tf_model import TfModel, activated, weighted_sum
from micronas.estimate.weights import BATCH_NORM_EPSILON
from micronas.net import Conv, Dense, DepthwiseConv
from micronas.space.extent import effective_kernel
from micronas.space.layerwise import BlockKind

Tensor: TypeAlias = Any


class ElasticNet:
    """The region's shared weights, in the form that the training loop wants.

    ``largest`` is the largest network, whose flat ``parameters`` these are.
    """

    def __init__(self, region: BlockRegion, seed: int = 0) -> None:
        self.region = region
        self.largest = TfModel(region.net(region.widest), seed)
        self.parameters, self.is_kernel = self.largest.parameters, self.largest.is_kernel
        self.statistics = tf.Variable(tf.zeros(0), name="no_statistics")

    def forward(self, parameters: Tensor, genes: Tensor, x: Tensor, seen: int | None = None) -> Tensor:
        """Logits (batch, classes) of the network ``genes`` (int32 vector).

        The first ``seen`` samples give the statistics of normalisation; None takes all.
        """
        walk = _Walk(self.largest, parameters, seen)
        width = tf.gather(self.region.stem_widths, genes[0])
        y = _masked(walk.layer(x), width)
        for i, options in enumerate(self.region.blocks):
            own = genes[1 + GENES_PER_BLOCK * i : 1 + GENES_PER_BLOCK * (i + 1)]
            y, width = _block(walk, options, own, y, width)
        return walk.layer(tf.reduce_mean(y, (1, 2)))


class _Walk:
    """Applies the weighted layers of the largest network one after the other."""

    def __init__(self, largest: TfModel, parameters: Tensor, seen: int | None) -> None:
        nodes = (node.layer for node in largest.net.nodes)
        self._layers = iter([n for n in nodes if isinstance(n, Conv | DepthwiseConv | Dense)])
        self._arrays: Iterator[Tensor] = iter(largest.arrays(parameters))
        self._seen = seen

    def layer(self, x: Tensor, kernel_mask: Tensor | None = None) -> Tensor:
        layer, kernel = next(self._layers), next(self._arrays)
        if kernel_mask is not None:
            kernel *= kernel_mask
        y = weighted_sum(layer, x, kernel)
        if not layer.batch_norm:
            return activated(layer.activation, y + next(self._arrays))
        mean, variance = tf.nn.moments(y[: self._seen], list(range(len(y.shape) - 1)))
        scale = next(self._arrays) * tf.math.rsqrt(variance + BATCH_NORM_EPSILON)
        return activated(layer.activation, y * scale + (next(self._arrays) - mean * scale))


def _block(
    walk: _Walk, options: BlockOptions, own: Tensor, x: Tensor, width: Tensor
) -> tuple[Tensor, Tensor]:
    """Output and width of one block that reads ``x``, of which ``width`` channels are in use."""
    new_width = tf.gather(options.widths, own[WIDTH])
    window = _window_mask(options, own[KERNEL], (int(x.shape[1]), int(x.shape[2])))
    match options.kind:
        case BlockKind.CONV:
            y = walk.layer(x, window)
        case BlockKind.SEPARABLE:
            y = walk.layer(_masked(walk.layer(x, window), width))
        case BlockKind.INVERTED:
            hidden = width * tf.gather(options.expansions, own[EXPANSION])
            y = _masked(walk.layer(x), hidden)
            y = walk.layer(_masked(walk.layer(y, window), hidden))
            if y.shape[1:3] == x.shape[1:3]:
                y += tf.cast(width == new_width, y.dtype) * _with_channels(x, int(y.shape[3]))
    y = _masked(y, new_width)
    if len(options.kept) == 1:
        return y, new_width
    kept = tf.gather(options.kept, own[KEPT]) == 1
    return tf.where(kept, y, x), tf.where(kept, new_width, width)


def _masked(y: Tensor, width: Tensor) -> Tensor:
    """Only the first ``width`` channels are left."""
    return y * tf.cast(tf.range(int(y.shape[-1])) < width, y.dtype)


def _with_channels(x: Tensor, channels: int) -> Tensor:
    """``x`` cut or filled up with zeros to that many channels."""
    missing = channels - int(x.shape[3])
    return tf.pad(x, ((0, 0), (0, 0), (0, 0), (0, missing))) if missing > 0 else x[..., :channels]


def _window_mask(options: BlockOptions, choice: Tensor, plane: tuple[int, int]) -> Tensor:
    """(height, width, 1, 1): ones in the centre of the largest kernel, as large as the chosen one."""
    windows = [effective_kernel(kernel, plane) for kernel in options.kernels]
    along = []
    for largest, sizes in zip(windows[-1], zip(*windows, strict=True), strict=True):
        reach = tf.gather([size // 2 for size in sizes], choice)
        along.append(tf.abs(tf.range(largest) - largest // 2) <= reach)
    inside = along[0][:, tf.newaxis] & along[1][tf.newaxis, :]
    return tf.cast(inside, tf.float32)[:, :, tf.newaxis, tf.newaxis]
