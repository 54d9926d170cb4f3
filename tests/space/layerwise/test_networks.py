"""What the genes of the layer-wise space mean in the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.model.net import (
    Add,
    Apply,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Pool,
    PoolKind,
    shape_graph,
)
from micronas.model.op_attributes import Activation
from micronas.model.tflite.writer import write as write_tflite
from micronas.space import make_space
from micronas.space.layerwise import (
    Block,
    BlockKind,
    Head,
    HeadPooling,
    LayerwiseArch,
    LayerwiseSpace,
    Limits,
    Stem,
)
from tests.support.layerwise_archs import LIMITS


def test_inverted_bottleneck_has_a_residual_only_where_shapes_agree():
    space = LayerwiseSpace((28, 28, 1), 10, Limits())
    blocks = (
        Block(BlockKind.INVERTED, 3, 1, 16, 2),
        Block(BlockKind.INVERTED, 3, 2, 16, 2),
        Block(BlockKind.INVERTED, 3, 1, 24, 2),
    )
    net = space.net(LayerwiseArch(Stem(3, 2, 16), blocks))
    assert sum(isinstance(node.layer, Add) for node in net.nodes) == 1


def test_residual_of_a_plain_or_separable_block_is_added_before_its_activation():
    """He et al. 2016: the input itself where shapes agree, otherwise a 1x1 convolution of it."""
    space = LayerwiseSpace((28, 28, 1), 10, replace(LIMITS, min_blocks=1))
    blocks = (
        Block(BlockKind.CONV, 3, 1, 16, residual=True),
        Block(BlockKind.SEPARABLE, 3, 2, 24, pool=True, residual=True),
        Block(BlockKind.SEPARABLE, 3, 1, 24, swish=True, residual=True),
    )
    net = space.net(LayerwiseArch(Stem(3, 1, 16), blocks))
    found = [(type(node.layer).__name__, node.inputs) for node in net.nodes[2:-3]]
    assert found == [
        *[("Conv", (1,)), ("Add", (1, 2))],
        *[("DepthwiseConv", (3,)), ("Conv", (4,)), ("Conv", (3,)), ("Add", (6, 5)), ("Pool", (7,))],
        *[("DepthwiseConv", (8,)), ("Apply", (9,)), ("Conv", (10,)), ("Add", (8, 11)), ("Apply", (12,))],
    ]
    layers = [node.layer for node in net.nodes]
    assert layers[6] == Conv(24, 1, 1, 2, 2, activation=Activation.NONE)
    assert [layers[i].activation for i in (2, 5, 11)] == [Activation.NONE] * 3
    assert [layers[i].activation for i in (3, 7, 12)] == [Activation.RELU, Activation.RELU, Activation.NONE]
    plain = tuple(replace(block, residual=False) for block in blocks)
    assert not any(isinstance(n.layer, Add) for n in space.net(LayerwiseArch(Stem(3, 1, 16), plain)).nodes)


def test_genes_act_per_dimension_on_a_flat_plane():
    """A sensor window of 64 x 1: kernels, strides and pools have no width."""
    space = LayerwiseSpace((64, 1, 3), 3, Limits())
    blocks = (Block(BlockKind.SEPARABLE, 5, 2, 16), Block(BlockKind.CONV, 7, 1, 16, pool=True))
    net = space.net(LayerwiseArch(Stem(7, 2, 8), blocks))
    windows = [node.layer for node in net.nodes if isinstance(node.layer, Conv | DepthwiseConv)]
    assert [(w.kernel_h, w.kernel_w, w.stride_h, w.stride_w) for w in windows] == [
        (7, 1, 2, 1),
        (5, 1, 2, 1),
        (1, 1, 1, 1),
        (7, 1, 1, 1),
    ]
    pools = [node.layer for node in net.nodes if isinstance(node.layer, Pool)]
    assert [(p.pool_h, p.pool_w) for p in pools] == [(2, 1)]


def test_raw_audio_starts_with_long_overlapping_strides():
    """8,000 samples: the stem's kernel is wider than its stride, and samples get small enough to plan."""
    space = make_space(SpaceConfig(), (8000, 1), 10)
    strides = set()
    for i in range(60):
        net = space.net(space.sample(np.random.default_rng(i)))
        stem = net.nodes[1].layer
        assert stem.stride_w == stem.kernel_w == 1
        assert stem.kernel_h > stem.stride_h
        strides.add(stem.stride_h)
    assert strides == {1, 2, 4, 8, 16}


def test_mobilenet_v3_block_has_gate_and_hard_swish_where_the_genes_say():
    """Howard et al. 2019: expand, depthwise, squeeze-excite, project; the projection is linear."""
    limits = replace(LIMITS, min_blocks=1)
    space = LayerwiseSpace((32, 32, 3), 10, limits)
    block = Block(BlockKind.INVERTED, 5, 1, 16, 4, swish=True, gate=True)
    net = space.net(LayerwiseArch(Stem(3, 2, 16), (block,)))
    kinds = [type(node.layer).__name__ for node in net.nodes[2:-3]]
    assert kinds == [
        *["Conv", "Apply", "DepthwiseConv", "Apply"],
        *["GlobalAveragePool", "Conv", "Conv", "Apply", "Multiply"],
        *["Conv", "Add"],
    ]
    functions = [node.layer.function for node in net.nodes if isinstance(node.layer, Apply)]
    assert functions == [Function.HARD_SWISH, Function.HARD_SWISH, Function.LOGISTIC]
    squeeze = [node.layer.filters for node in net.nodes if isinstance(node.layer, Conv)][2:4]
    assert squeeze == [16, 64]


@pytest.mark.parametrize(
    ("pooling", "side", "layers", "features"),
    [
        (HeadPooling.AVERAGE, 8, [GlobalAveragePool()], 8),
        (HeadPooling.MAX, 8, [Pool(PoolKind.MAX, 8, 8, 8, 8), Flatten()], 8),
        (HeadPooling.FLATTEN, 8, [Flatten()], 8 * 8 * 8),
        (HeadPooling.FLATTEN, 9, [GlobalAveragePool()], 8),
        (HeadPooling.MAX, 1, [GlobalAveragePool()], 8),
    ],
)
def test_the_head_pools_as_its_gene_says_where_there_is_something_to_pool(pooling, side, layers, features):
    space = LayerwiseSpace((side, side, 1), 10, replace(LIMITS, min_blocks=1))
    arch = LayerwiseArch(Stem(3, 1, 8), (Block(BlockKind.CONV, 3, 1, 8),), Head(pooling))
    net = space.net(arch)
    assert [node.layer for node in net.nodes[3:-2]] == layers
    assert net.shapes[-3] == (features,)


def test_dropout_is_in_the_training_of_the_last_layer_and_not_in_the_deployed_graph():
    space = LayerwiseSpace((28, 28, 1), 10, replace(LIMITS, min_blocks=1))
    arch = LayerwiseArch(Stem(3, 2, 8), (Block(BlockKind.CONV, 3, 1, 8),), Head(dropout=0.2))
    plain, dropped = (space.net(a) for a in (replace(arch, head=Head()), arch))
    assert [node.layer.dropout for node in dropped.nodes if isinstance(node.layer, Dense)] == [0.2]
    assert space.key(arch) != space.key(replace(arch, head=Head()))
    assert write_tflite(shape_graph(dropped)) == write_tflite(shape_graph(plain))


def test_half_resolution_is_an_average_in_front():
    space = LayerwiseSpace((96, 96, 3), 2, replace(LIMITS, min_blocks=1))
    net = space.net(LayerwiseArch(Stem(3, 2, 8, shrink=2), (Block(BlockKind.CONV, 3, 1, 8),)))
    assert net.nodes[1].layer == Pool(PoolKind.AVERAGE, 2, 2, 2, 2)
    assert net.shapes[2] == (24, 24, 8)
    quarter = space.net(LayerwiseArch(Stem(3, 2, 8, shrink=4), (Block(BlockKind.CONV, 3, 1, 8),)))
    assert [type(node.layer) for node in quarter.nodes[1:4]] == [Pool, Pool, Conv]
    assert quarter.shapes[3] == (12, 12, 8)
