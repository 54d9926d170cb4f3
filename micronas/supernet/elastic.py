"""One set of weights for every network of a region; an input selects the network.

The forward pass follows the layers of the largest network and uses the parts of the chosen one: the first
channels, the centre of the kernel, and no part of a skipped block. A network therefore has its stand-alone
cost for every width of the region, and computes exactly the same as with these slices as its own weights.
Genes are a tensor, so that one trace serves all networks, or whole numbers, which trace one network.

Normalisation always takes the statistics of the batch, or of its first samples: running ones would mix those
of other networks, so they are recomputed whenever a subnet is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.data import Task
from micronas.model.net import Conv, Dense, DepthwiseConv
from micronas.space.extent import effective_kernel
from micronas.space.layerwise import BlockKind
from micronas.supernet.block_region import (
    EXPANSION,
    GENES_PER_BLOCK,
    KEPT,
    KERNEL,
    LAYERS,
    WIDTH,
    BlockOptions,
    BlockRegion,
)
from micronas.supernet.chosen import Whole, channels_of, either, option
from micronas.supernet.sandwich import sandwich
from micronas.train.batch_norm import normalised
from micronas.train.loop import Loss
from micronas.train.objectives import Objective
from micronas.train.tf_model import TfModel, activated, weighted_sum

Tensor: TypeAlias = Any


class ElasticNet:
    """The region's shared weights, in the form that the training loop requires.

    ``largest`` is the largest network, whose flat ``parameters`` these are.
    """

    def __init__(self, region: BlockRegion, seed: int = 0) -> None:
        self.region = region
        self.largest = TfModel(region.net(region.widest), seed)
        self.parameters, self.is_kernel = self.largest.parameters, self.largest.is_kernel
        self.statistics = tf.Variable(tf.zeros(0), name="no_statistics")

    def forward(self, parameters: Tensor, genes: Any, x: Tensor, seen: int | None = None) -> Tensor:
        """See ``SharedNet``: logits (batch, classes)."""
        layers = _layers(self.largest, parameters, seen)
        y = next(layers).applied(x, option(self.region.stem_widths, genes[0]))
        for i, options in enumerate(self.region.blocks):
            own = genes[1 + GENES_PER_BLOCK * i : 1 + GENES_PER_BLOCK * (i + 1)]
            y = _block([next(layers) for _ in range(LAYERS[options.kind])], options, own, y)
        return next(layers).applied(tf.reduce_mean(y, (1, 2)), self.largest.net.output_shape[-1])

    def step_loss(self, task: Task, objective: Objective, seed: int) -> Loss:
        """See ``SharedNet``: the sandwich rule."""
        return sandwich(self, objective, seed, distils=task is Task.CLASSIFY)


@dataclass(frozen=True)
class _ElasticLayer:
    """A layer of the largest network, of which other networks use slices."""

    layer: Conv | DepthwiseConv | Dense
    kernel: Tensor
    vectors: tuple[Tensor, ...]
    seen: int | None

    def applied(self, x: Tensor, channels: Whole, window: tuple[Whole, Whole] | None = None) -> Tensor:
        """``channels`` outputs of ``x``; ``window`` is height and width of the kernel, None for all of it."""
        kernel = self.kernel if window is None else _centre(self.kernel, window)
        reads = channels_of(x)
        if isinstance(self.layer, DepthwiseConv):
            kernel = kernel[:, :, :reads]
        else:
            kernel = kernel[..., :reads, :channels]
        y = weighted_sum(self.layer, x, kernel)
        vectors = [vector[:channels] for vector in self.vectors]
        y = normalised(y, vectors[0], vectors[1], self.seen) if self.layer.batch_norm else y + vectors[0]
        return activated(self.layer.activation, y)


def _layers(largest: TfModel, parameters: Tensor, seen: int | None) -> Iterator[_ElasticLayer]:
    """The weighted layers of ``largest`` with their arrays."""
    arrays = iter(largest.arrays(parameters))
    for node in largest.net.nodes:
        if isinstance(node.layer, Conv | DepthwiseConv | Dense):
            kernel, vectors = next(arrays), 2 if node.layer.batch_norm else 1
            yield _ElasticLayer(node.layer, kernel, tuple(next(arrays) for _ in range(vectors)), seen)


def _block(layers: list[_ElasticLayer], options: BlockOptions, own: Any, x: Tensor) -> Tensor:
    """The output of a block for ``x``, or ``x`` if it is skipped."""
    if len(options.kept) == 1:
        return _kept_block(layers, options, own, x)
    kept = option(options.kept, own[KEPT]) == 1
    return either(kept, lambda: _kept_block(layers, options, own, x), lambda: x)


def _kept_block(layers: list[_ElasticLayer], options: BlockOptions, own: Any, x: Tensor) -> Tensor:
    width, reads = option(options.widths, own[WIDTH]), channels_of(x)
    window = _window(options, own[KERNEL], (int(x.shape[1]), int(x.shape[2])))
    match options.kind:
        case BlockKind.CONV:
            (conv,) = layers
            return conv.applied(x, width, window)
        case BlockKind.SEPARABLE:
            filters, mixing = layers
            return mixing.applied(filters.applied(x, reads, window), width)
        case BlockKind.INVERTED:
            expanding, filters, projecting = layers
            hidden = reads * option(options.expansions, own[EXPANSION])
            y = filters.applied(expanding.applied(x, hidden), hidden, window)
            y = projecting.applied(y, width)
            if y.shape[1:3] != x.shape[1:3]:
                return y
            return either(reads == width, lambda: y + x, lambda: y)


def _window(options: BlockOptions, choice: Whole, plane: tuple[int, int]) -> tuple[Whole, Whole] | None:
    """Height and width of the chosen kernel; None if there is no choice."""
    if len(options.kernels) == 1:
        return None
    windows = [effective_kernel(kernel, plane) for kernel in options.kernels]
    heights, widths = zip(*windows, strict=True)
    return option(heights, choice), option(widths, choice)


def _centre(kernel: Tensor, window: tuple[Whole, Whole]) -> Tensor:
    """The middle of a kernel (height, width, ...), as large as ``window``."""
    top, left = ((int(size) - chosen) // 2 for size, chosen in zip(kernel.shape, window, strict=False))
    return kernel[top : top + window[0], left : left + window[1]]
