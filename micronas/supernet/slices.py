"""A stand-alone network, sliced from the shared weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from micronas.supernet.block_region import GENES_PER_BLOCK, KEPT, LAYERS, BlockRegion
from micronas.supernet.elastic import ElasticNet
from micronas.supernet.region import Genes
from micronas.train.weights import Array, NodeWeights, Norm, Weights, kernel_shape


def subnet_weights(elastic: ElasticNet, genes: Genes) -> Weights:
    """Weights of ``region.net(genes)``: first channels, centres of kernels, kept blocks.

    Running statistics are mean 0 and variance 1; ``reestimate_statistics`` computes them.
    """
    net = elastic.region.net(genes)
    shared = [node for node in elastic.largest.get_weights() if node]
    kept = _of_kept_blocks(elastic.region, genes, shared)
    shapes = (kernel_shape(net, index) for index in range(len(net.nodes)))
    return tuple(None if shape is None else _sliced(next(kept), shape) for shape in shapes)


def _of_kept_blocks(region: BlockRegion, genes: Genes, shared: list[NodeWeights]) -> Iterator[NodeWeights]:
    yield shared[0]
    start = 1
    for i, options in enumerate(region.blocks):
        end = start + LAYERS[options.kind]
        if options.kept[genes[1 + GENES_PER_BLOCK * i + KEPT]]:
            yield from shared[start:end]
        start = end
    yield shared[start]


def sliced_kernel(kernel: Array, shape: tuple[int, ...]) -> Array:
    """The centre of a kernel (h, w, in, out), and the first channels of it or of a matrix."""
    if len(shape) == 4:
        top, left = (kernel.shape[0] - shape[0]) // 2, (kernel.shape[1] - shape[1]) // 2
        kernel = kernel[top : top + shape[0], left : left + shape[1]]
    return np.ascontiguousarray(kernel[..., : shape[-2], : shape[-1]])


def _sliced(node: NodeWeights, shape: tuple[int, ...]) -> NodeWeights:
    kernel = sliced_kernel(node.kernel, shape)
    if node.norm is None:
        return NodeWeights(kernel, node.bias, None)
    # A depthwise kernel is (h, w, channels, 1); in all others, the last dimension is the output channels.
    channels = shape[-2] if len(shape) == 4 and shape[-1] == 1 else shape[-1]
    zeros: Array = np.zeros(channels, np.float32)
    ones: Array = np.ones(channels, np.float32)
    return NodeWeights(kernel, None, Norm(node.norm.gamma[:channels], node.norm.beta[:channels], zeros, ones))
