"""A converted file has the order of its promise, and its constants are those of the network."""

from __future__ import annotations

import dataclasses

import pytest

from micronas.errors import QuantizeError
from micronas.model.net import (
    Activation,
    Conv,
    Dense,
    Flatten,
    GlobalAveragePool,
    NetBuilder,
    SoftmaxLayer,
    shape_graph,
)
from micronas.model.tflite import read_bytes
from micronas.quantize import quantize
from micronas.quantize.order import in_order_of
from micronas.quantize.proof import check_constants

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")

from tests.support.converted_nets import (
    branching_net,
    dense_net,
    samples_for,
    trained_like,
)


def _int8_graph(net):
    return read_bytes(quantize(trained_like(net, 0), net, samples_for(net)), "net")


def test_order_is_restored_from_any_permutation():
    """Branches listed in another valid order come out in the order of the nodes."""
    net = branching_net()
    graph = _int8_graph(net)
    stem, *branches = graph.ops[:5]
    shuffled = dataclasses.replace(graph, ops=(stem, *reversed(branches), *graph.ops[5:]))
    assert in_order_of(shuffled, shape_graph(net)).ops == graph.ops


@pytest.mark.parametrize(
    "other",
    [
        lambda b: b.chain(Conv(8, 3, 3, 2, 2), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(8, 3, 3, activation=Activation.RELU6), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(12, 3, 3), GlobalAveragePool(), Dense(3)),
        lambda b: b.chain(Conv(8, 3, 3), GlobalAveragePool(), Dense(3), SoftmaxLayer()),
        lambda b: b.chain(Conv(8, 3, 3), Flatten(), Dense(3)),
    ],
)
def test_a_file_of_another_network_is_told_from_the_promise(other):
    net = NetBuilder((6, 6, 2)).chain(Conv(8, 3, 3), GlobalAveragePool(), Dense(3)).build()
    promised = shape_graph(other(NetBuilder((6, 6, 2))).build())
    with pytest.raises(QuantizeError, match="not the network"):
        in_order_of(_int8_graph(net), promised)


def test_a_swapped_weight_is_noticed():
    from micronas.train.weights import fold

    net = dense_net()
    weights = fold(trained_like(net, 0))
    graph = _int8_graph(net)
    check_constants(graph, net, weights)
    changed = list(weights)
    kernel = changed[2].kernel.copy()
    kernel[[0, 1]] = kernel[[1, 0]]
    changed[2] = dataclasses.replace(changed[2], kernel=kernel)
    with pytest.raises(QuantizeError, match=r"node 2 .* steps off"):
        check_constants(graph, net, tuple(changed))
