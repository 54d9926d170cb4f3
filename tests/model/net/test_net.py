"""The Net: shapes, counts and refusals, with figures worked out by hand or published."""

from __future__ import annotations

import doctest

import pytest

from micronas.errors import SpaceError
from micronas.model.graph import DType
from micronas.model.net import (
    Activation,
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Input,
    Multiply,
    Net,
    NetBuilder,
    Node,
    Padding,
    Pool,
    PoolKind,
    SoftmaxLayer,
    shape_graph,
)


def test_counts_of_a_small_network_by_hand():
    builder = NetBuilder((28, 28, 1))
    net = builder.chain(
        Conv(8, 3, 3, 2, 2),
        DepthwiseConv(3, 3),
        Conv(16, 1, 1),
        GlobalAveragePool(),
        Dense(10),
        SoftmaxLayer(),
    ).build()
    assert net.macs == 14 * 14 * (9 * 8 + 9 * 8 + 8 * 16) + 160
    assert net.parameters == (72 + 8) + (72 + 8) + (128 + 16) + (160 + 10)
    assert net.shapes[1] == (14, 14, 8)
    assert net.output_shape == (10,)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (7, 3, 2, Padding.SAME, 4),
        (8, 3, 2, Padding.SAME, 4),
        (1, 7, 2, Padding.SAME, 1),
        (8, 3, 2, Padding.VALID, 3),
        (7, 3, 2, Padding.VALID, 3),
        (5, 5, 3, Padding.VALID, 1),
    ],
)
def test_windows_by_tensorflows_rule(size, kernel, stride, padding, expected):
    """Figures from the formulas in TensorFlow's documentation of padding."""
    conv = Conv(4, kernel, 1, stride, 1, padding=padding)
    assert NetBuilder((size, 1, 2)).chain(conv).shape() == (expected, 1, 4)


def _reading(layer, *shapes):
    """A net whose last layer reads inputs of the given channel counts made by 1x1 convolutions."""
    builder = NetBuilder((4, 4, 2))
    reads = [builder.add(Conv(channels, 1, 1, stride, stride), 0) for channels, stride in shapes]
    builder.add(layer, *reads)
    return builder


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Add(), ((4, 1), (8, 1)), "two equal shapes"),
        (Add(), ((4, 1),), "two equal shapes"),
        (Concat(), ((4, 1), (4, 2)), "equal height and width"),
        (Multiply(), ((4, 1), (4, 2)), "gate"),
        (Dense(3), ((4, 1),), "rank 3, 1 needed"),
        (SoftmaxLayer(), ((4, 1),), "rank 3, 1 needed"),
        (Conv(0, 3, 3), ((4, 1),), "filters is 0"),
        (Conv(4, 3, 3, 0, 1), ((4, 1),), "at least 1"),
        (Pool(PoolKind.MAX, 5, 5, 1, 1), ((4, 1),), "5x5 window does not fit"),
        (Flatten(), ((4, 1), (4, 1)), "2 inputs, 1 needed"),
        (GlobalAveragePool(keep_dims=True), ((4, 4),), "pooling of a 1x1 plane"),
    ],
)
def test_layers_refuse_shapes_they_cannot_read(layer, shapes, message):
    with pytest.raises(SpaceError, match=message):
        _reading(layer, *shapes)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "starts with its Input"),
        ((Node(Dense(3)),), "starts with its Input"),
        ((Node(Input((4,))), Node(Dense(3), (1,))), "not earlier nodes"),
        ((Node(Input((4,))), Node(Dense(3), ())), "not earlier nodes"),
        ((Node(Input((4,))), Node(Dense(3), (0,)), Node(Dense(2), (0,))), "node 1 .* is never read"),
        ((Node(Input((4, 4))),), "height, width, channels"),
        ((Node(Input((4,))), Node(Input((4,)), (0,))), "must not read other nodes"),
    ],
)
def test_malformed_networks_are_refused(nodes, message):
    with pytest.raises(SpaceError, match=message):
        Net(nodes)


def ds_cnn():
    """MLPerf Tiny's keyword spotting, layer by layer."""
    builder = NetBuilder((49, 10, 1)).chain(Conv(64, 10, 4, 2, 2))
    for _ in range(4):
        builder.chain(DepthwiseConv(3, 3), Conv(64, 1, 1))
    return builder.chain(Pool(PoolKind.AVERAGE, 25, 5, 25, 5), Flatten(), Dense(12), SoftmaxLayer()).build()


def test_mlperf_tiny_keyword_spotting_has_the_published_macs():
    """At 25 x 5 positions 10 x 4 x 64, then four times 9 x 64 and 64 x 64; 64 x 12 at the end."""
    assert ds_cnn().macs == 125 * (10 * 4 * 64 + 4 * (9 * 64 + 64 * 64)) + 64 * 12 == 2_656_768


def test_mlperf_tiny_keyword_spotting_is_the_published_file(shared_models):
    from micronas.model.tflite import read

    published = read(shared_models / "kws_ref_model.tflite")
    ours = shape_graph(ds_cnn())
    assert [op.kind for op in ours.ops] == [op.kind for op in published.ops]
    assert [op.attrs for op in ours.ops] == [op.attrs for op in published.ops]
    for a, b in zip(ours.ops, published.ops, strict=True):
        if a.kind != "RESHAPE":  # its shape parameter is (1, -1) there
            assert [ours.tensors[t].nbytes for t in a.inputs] == [
                published.tensors[t].nbytes for t in b.inputs
            ]


def test_shape_graph_of_every_layer():
    builder = NetBuilder((8, 8, 3))
    trunk = builder.add(Conv(8, 3, 3, activation=Activation.NONE, batch_norm=False))
    gate = builder.add(GlobalAveragePool(keep_dims=True), trunk)
    gate = builder.add(Apply(Function.LOGISTIC), gate)
    scaled = builder.add(Multiply(), trunk, gate)
    builder.add(Concat(), trunk, scaled)
    builder.chain(GlobalAveragePool(), Dense(2))
    graph = shape_graph(builder.build(), "gated")
    kinds = [op.kind for op in graph.ops]
    assert kinds == ["CONV_2D", "MEAN", "LOGISTIC", "MUL", "CONCATENATION", "MEAN", "FULLY_CONNECTED"]
    # The two means share their constant axes, and nothing else is shared.
    assert graph.ops[1].inputs[1] == graph.ops[5].inputs[1]
    weights, bias = (graph.tensors[t] for t in graph.ops[0].inputs[1:])
    assert (weights.shape, weights.dtype) == ((8, 3, 3, 3), DType.INT8)
    assert (bias.shape, bias.dtype) == ((8,), DType.INT32)
    assert graph.name == "gated"
    assert graph.tensors[graph.outputs[0]].shape == (1, 2)


def test_nets_are_values():
    first, second = (NetBuilder((4, 4, 1)).chain(Conv(4, 3, 3)).build() for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)


def test_examples_in_docstrings_hold():
    import micronas.model.net.net
    import micronas.space.layerwise.space
    import micronas.space.reference

    for module in (micronas.model.net.net, micronas.space.layerwise.space, micronas.space.reference):
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0
