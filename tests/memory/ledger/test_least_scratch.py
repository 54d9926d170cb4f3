"""Where the fastest kernels' scratch is too much for a board, those with less take their place."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.ledger import Budget, board_budget, check, make_ledger
from micronas.memory.plan.tflm import tflm_arena_bytes
from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import DepthwiseConv2D, Padding
from micronas.search import gate
from tests.support.graph_builder import GraphBuilder
from tests.support.model_runner import run_in_emulator
from tests.support.oracle import random_inputs, run_tflm

BOARD = load_board("nucleo_f446re")


def depthwise(side: int, channels: int, multiplier: int, stride: int = 1) -> Graph:
    """One 5x5 DEPTHWISE_CONV_2D on a square image."""
    rng, b, quant = np.random.default_rng(0), GraphBuilder(), Quant((0.05,), (3,))
    outputs, size = channels * multiplier, -(-side // stride)
    x, y = b.input((1, side, side, channels), quant), b.value((1, size, size, outputs), quant)
    weights = rng.integers(-127, 128, (1, 5, 5, outputs))
    w = b.constant(weights, DType.INT8, Quant((0.01,) * outputs, (0,) * outputs, 3))
    bias = b.constant(rng.integers(-500, 500, outputs), DType.INT32)
    b.op("DEPTHWISE_CONV_2D", [x, w, bias], [y], DepthwiseConv2D(multiplier, stride, stride, Padding.SAME))
    return b.graph([y], "depthwise")


def test_a_network_that_fits_with_less_scratch_fits() -> None:
    graph = depthwise(116, 1, 7)
    fastest = lower_graph(graph, Target(BOARD.core))
    budget = board_budget(BOARD)
    with_fastest = make_ledger(graph, BOARD, lowered=fastest)
    assert not check(with_fastest, budget).fits
    ledger = make_ledger(graph, BOARD)
    assert check(ledger, budget).fits
    assert ledger.lowered[0].scratch_bytes < with_fastest.lowered[0].scratch_bytes
    assert tflm_arena_bytes(graph) < BOARD.sram_bytes  # so does TFLite Micro's


@pytest.mark.parametrize(("channels", "multiplier"), [(1, 7), (3, 2), (2, 1), (1, 1)])
def test_a_tighter_limit_makes_scratch_give_way_too(channels: int, multiplier: int) -> None:
    """The limit of ``--sram-kb`` or of a search."""
    graph = depthwise(48, channels, multiplier)
    fastest = make_ledger(graph, BOARD)
    limit = Budget(board_budget(BOARD).flash_bytes, fastest.sram_bytes - 256)
    ledger = make_ledger(graph, BOARD, within=limit)
    assert check(ledger, limit).fits
    assert ledger.lowered[0].scratch_bytes < fastest.lowered[0].scratch_bytes


def test_the_gate_knows_kernels_of_less_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick look and the verdict, which a search uses in turn, agree."""
    graph = depthwise(48, 1, 7)
    monkeypatch.setattr(gate, "shape_graph", lambda net: graph)
    tight = Budget(board_budget(BOARD).flash_bytes, make_ledger(graph, BOARD).sram_bytes - 256)
    for ask in ("fits", "verdict"):
        asked = getattr(gate.LedgerGate(OneNetwork(), BOARD, "micronas", tight), ask)(None)  # type: ignore[arg-type]
        assert asked is True or asked.fits


class OneNetwork:
    """A space of one architecture."""

    def key(self, arch: None) -> str:
        return "it"

    def net(self, arch: None) -> SimpleNamespace:
        return SimpleNamespace(parameters=0)


def test_nothing_changes_where_the_fastest_kernels_fit() -> None:
    graph = depthwise(32, 1, 7)
    assert make_ledger(graph, BOARD).lowered[0].kernel == "mn_depthwise_dsp"


@pytest.mark.parametrize("channels", [1, 3, 4, 16])
@pytest.mark.parametrize("multiplier", [1, 2])
def test_least_scratch_is_never_more(channels: int, multiplier: int) -> None:
    graph = depthwise(24, channels, multiplier)
    (fastest,) = lower_graph(graph, Target(Core.M4F))
    (smallest,) = lower_graph(graph, Target(Core.M4F, least_scratch=True))
    assert smallest.scratch_bytes <= fastest.scratch_bytes


@pytest.mark.emulator
def test_kernels_of_least_scratch_equal_tflite_micro(tmp_path: Path) -> None:
    cases = [depthwise(9, 1, 7), depthwise(9, 4, 1), depthwise(8, 3, 2, stride=2), depthwise(9, 3, 1)]
    rng = np.random.default_rng(5)
    runs = [(graph, random_inputs(graph, rng, 2)) for graph in cases]
    target = Target(Core.M4F, least_scratch=True)
    for (graph, inputs), (got,) in zip(
        runs, run_in_emulator(runs, tmp_path, Core.M4F, target=target), strict=True
    ):
        assert got.tobytes() == run_tflm(graph, inputs)[0].tobytes()
