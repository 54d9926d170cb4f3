"""Genes of the layer-wise space that shape a window: dilation, and kernels that are long, tall or flat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.model.net import DepthwiseConv
from micronas.space import make_space
from micronas.space.layerwise import Block, BlockKind, KernelShape, LayerwiseArch, LayerwiseSpace, Stem
from tests.support.layerwise_archs import LIMITS


def test_dilation_widens_the_window_along_the_first_axis_as_far_as_the_plane_goes():
    """Windows of 5 rows: 4 apart they span 17 of the 27 that 14 frames allow, but not the 13 of 7 frames."""
    space = LayerwiseSpace((14, 10, 1), 12, replace(LIMITS, min_blocks=1))
    blocks = (
        Block(BlockKind.SEPARABLE, 5, 1, 8, dilation=4),
        Block(BlockKind.SEPARABLE, 3, 2, 8),
        Block(BlockKind.INVERTED, 5, 1, 8, 2, dilation=4),
    )
    net = space.net(LayerwiseArch(Stem(3, 1, 8), blocks))
    depthwise = [node.layer for node in net.nodes if isinstance(node.layer, DepthwiseConv)]
    assert [(d.kernel_h, d.kernel_w, d.dilation_h) for d in depthwise] == [(5, 5, 4), (3, 3, 1), (5, 5, 2)]
    for kind, stride in ((BlockKind.CONV, 1), (BlockKind.SEPARABLE, 2)):
        with pytest.raises(SpaceError, match=r"blocks\[0\].dilation: 2 is not one of 1"):
            space.net(LayerwiseArch(Stem(3, 1, 8), (Block(kind, 3, stride, 8, dilation=2),)))


def test_kernels_may_be_long_in_time_or_of_one_row_or_column():
    space = make_space(SpaceConfig.model_validate({"kernel_shape": True}), (49, 10, 1), 12)
    shapes = (KernelShape.LONG, KernelShape.TALL, KernelShape.FLAT, KernelShape.SQUARE)
    kinds = (BlockKind.SEPARABLE, BlockKind.CONV, BlockKind.SEPARABLE, BlockKind.CONV)
    blocks = tuple(Block(kind, 7, 1, 8, shape=shape) for kind, shape in zip(kinds, shapes, strict=True))
    net = space.net(LayerwiseArch(Stem(3, 1, 8), blocks))
    windows = [(n.layer.kernel_h, n.layer.kernel_w) for n in net.nodes if hasattr(n.layer, "kernel_h")]
    assert windows == [(3, 3), (15, 7), (1, 1), (7, 1), (1, 7), (1, 1), (7, 7)]


def test_on_a_stream_a_shape_is_only_what_changes_the_window():
    """Of width 1: a tall kernel is the square one, and a flat one would be no window at all."""
    space = make_space(SpaceConfig.model_validate({"kernel_shape": True}), (64, 1, 3), 4)

    def canonical(kernel, shape):
        block = Block(BlockKind.CONV, kernel, 1, 8, shape=shape)
        found = space.canonical(LayerwiseArch(Stem(3, 1, 8), (block, block))).blocks[0]
        return found.kernel, found.shape

    assert canonical(5, KernelShape.TALL) == (5, KernelShape.SQUARE)
    assert canonical(5, KernelShape.FLAT) == (5, KernelShape.SQUARE)
    assert canonical(3, KernelShape.LONG) == (7, KernelShape.SQUARE)
    assert canonical(7, KernelShape.LONG) == (7, KernelShape.LONG)
