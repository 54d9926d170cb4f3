"""Weights of a trained network as the start of a similar one (Net2Net, Chen et al. 2016).

Layers are aligned in order by kind and kernel size. Of an aligned layer, the channels that both networks have
are copied. Channels that only the new network has start as usual, but without effect on the aligned layers
behind them: these have zeros for them. All other weights start as usual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TypeAlias

import numpy as np

from micronas.model.net import Conv, Dense, DepthwiseConv, Net
from micronas.train.weights import Array, NodeWeights, Norm, Weights, kernel_shape

Key: TypeAlias = tuple[object, ...]


def inherited(net: Net, start: Weights, donor: Net, weights: Weights) -> Weights:
    """``start``, the initial weights of ``net``, with what ``donor``'s ``weights`` give it."""
    nodes = list(start)
    for own, other in aligned(net, donor):
        mine, theirs = start[own], weights[other]
        if mine is not None and theirs is not None:
            nodes[own] = _copied(mine, theirs, depthwise=isinstance(net.nodes[own].layer, DepthwiseConv))
    return tuple(nodes)


def shared_part(net: Net, donor: Net) -> float:
    """Share of the kernel values of ``net`` that ``donor`` can give it, 0 to 1."""
    total = sum(math.prod(shape) for i in range(len(net.nodes)) if (shape := kernel_shape(net, i)))
    copied = 0
    for own, other in aligned(net, donor):
        mine, theirs = kernel_shape(net, own), kernel_shape(donor, other)
        copied += math.prod(min(a, b) for a, b in zip(mine or (), theirs or (), strict=True))
    return copied / total if total else 0.0


def aligned(net: Net, donor: Net) -> Iterator[tuple[int, int]]:
    """Pairs of nodes (of ``net``, of ``donor``), in order."""
    own, other = _weighted(net), _weighted(donor)
    matcher = SequenceMatcher(None, [k for _, k in own], [k for _, k in other], autojunk=False)
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            yield own[block.a + i][0], other[block.b + i][0]


def _weighted(net: Net) -> list[tuple[int, Key]]:
    """Nodes with kernels and what an aligned one must have in common."""
    return [(i, key) for i, node in enumerate(net.nodes) if (key := _key(node.layer)) is not None]


def _key(layer: object) -> Key | None:
    match layer:
        case Conv() | DepthwiseConv():
            return type(layer), layer.kernel_h, layer.kernel_w, layer.batch_norm
        case Dense():
            return type(layer), layer.batch_norm
    return None


def _copied(mine: NodeWeights, theirs: NodeWeights, *, depthwise: bool) -> NodeWeights:
    kernel = mine.kernel.copy()
    common = tuple(slice(min(a, b)) for a, b in zip(kernel.shape, theirs.kernel.shape, strict=True))
    if not depthwise:
        kernel[..., common[-2].stop :, common[-1]] = 0.0  # new inputs of the outputs that are copied
    kernel[common] = theirs.kernel[common]
    if mine.norm is None or theirs.norm is None:
        return NodeWeights(kernel, _vector(mine.bias, theirs.bias), mine.norm)
    names = ("gamma", "beta", "mean", "variance")
    vectors = [_vector(getattr(mine.norm, name), getattr(theirs.norm, name)) for name in names]
    return NodeWeights(kernel, mine.bias, Norm(*(v for v in vectors if v is not None)))


def _vector(mine: Array | None, theirs: Array | None) -> Array | None:
    if mine is None or theirs is None:
        return mine
    common = min(mine.size, theirs.size)
    return np.asarray(np.concatenate([theirs[:common], mine[common:]]), np.float32)
