"""The committed prices against cycles that the emulator counted (benchmarks/engine/table.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.features import OpFeatures, classes_before_training
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.net import (
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    NetBuilder,
    SoftmaxLayer,
    shape_graph,
)
from micronas.model.tflite import read
from tests.support.paths import REPOSITORY

BOARD = load_board("nucleo_l4r5zi")
TABLE = json.loads((REPOSITORY / "benchmarks/engine/table.json").read_text(encoding="utf-8"))
NETWORKS = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_published_network_is_priced_within_three_percent_of_its_counted_cycles(
    name: str, shared_models: Path
) -> None:
    graph = read(shared_models / f"{name}.tflite")
    lowered = make_ledger(graph, BOARD, prefer=Prefer.SRAM).lowered
    counted = TABLE[f"M4F/{name}"]["cycles_5ws"]
    for trained in (True, False):
        cycles = board_latency(BOARD).of(graph, lowered, trained=trained).cycles
        assert cycles == pytest.approx(counted, rel=0.03)


def test_a_softmax_before_training_has_the_scale_of_trained_ones() -> None:
    graph = shape_graph(NetBuilder((8,)).chain(Dense(4), SoftmaxLayer()).build())
    features = fine_features_of(graph, lower_graph(graph, Target(Core.M4F)))[-1]
    assert features.values == (1.0, 4.0)
    assert [c.kernel_class for c in classes_before_training(features)] == ["mn_softmax_s8/far"]
    trained = OpFeatures("mn_softmax_s8/far", (1.0, 4.0))
    assert classes_before_training(trained) == (trained,)


def test_portable_kernels_are_priced_by_what_they_loop_over() -> None:
    """Single pixels, pairs of channels, an odd one; every tap of a depthwise convolution."""
    net = NetBuilder((4, 5, 6)).chain(Conv(7, 1, 1), DepthwiseConv(5, 5), Flatten()).build()
    graph = shape_graph(net)
    pointwise, depthwise, _ = fine_features_of(graph, lower_graph(graph, Target(Core.M3)))
    pixels, pairs, terms = 4 * 5, 3, 6
    assert pointwise.values == (
        *(1, pixels, pixels * pairs, pixels),
        *(pixels * pairs * terms, pixels * pairs * 2, pixels * terms, pixels * terms),
    )
    assert depthwise.kernel_class.endswith("/any")
    outputs = 4 * 5 * 7
    assert depthwise.values[3] == outputs
    assert depthwise.values[-2:] == (outputs * 5, outputs * 5 * 5)
