"""A network whose arena TensorFlow Lite Micro fits into a limit fits it by our kernels, on every core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.ledger import Budget, check, make_ledger
from micronas.memory.plan import plan_memory
from micronas.memory.plan.tflm import UNKNOWN_TO_TFLM, tflm_arena
from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import Conv2D, DepthwiseConv2D, FullyConnected, Padding
from micronas.model.tflite import read
from tests.support.arena_boards import FIRMWARE, with_memory
from tests.support.graph_builder import GraphBuilder
from tests.support.random_cases import CASES, random_case

CORES = (Core.M0PLUS, Core.M3, Core.M4F)
BOARDS = ("nucleo_g071rb", "nucleo_f103rb", "nucleo_f446re")
MB = 1024 * 1024
IN = Quant((0.05,), (3,))


def depthwise(side: int, channels: int, multiplier: int, dilation: int = 1) -> Graph:
    b, outputs = GraphBuilder(), channels * multiplier
    x, y = b.input((1, side, side, channels), IN), b.value((1, side, side, outputs), IN)
    scales = Quant((0.01,) * outputs, (0,) * outputs, 3)
    w = b.constant(np.ones((1, 3, 3, outputs), np.int8), DType.INT8, scales)
    bias = b.constant(np.zeros(outputs, np.int32), DType.INT32)
    attrs = DepthwiseConv2D(multiplier, 1, 1, Padding.SAME, dilation_h=dilation, dilation_w=dilation)
    b.op("DEPTHWISE_CONV_2D", [x, w, bias], [y], attrs)
    return b.graph([y], "depthwise")


def one_window(side: int, channels: int) -> Graph:
    """A convolution over all of its input: its window is as large as that."""
    b = GraphBuilder()
    x, y = b.input((1, side, side, channels), IN), b.value((1, 1, 1, 2), IN)
    w = b.constant(np.ones((2, side, side, channels), np.int8), DType.INT8, Quant((0.01, 0.01), (0, 0), 0))
    bias = b.constant(np.zeros(2, np.int32), DType.INT32)
    b.op("CONV_2D", [x, w, bias], [y], Conv2D(1, 1, Padding.VALID))
    return b.graph([y], "window")


def dense(inputs: int) -> Graph:
    """With a row of weights that is not whole words, where ``inputs`` is odd."""
    b = GraphBuilder()
    x, y = b.input((1, inputs), IN), b.value((1, 2), IN)
    w = b.constant(np.ones((2, inputs), np.int8), DType.INT8, Quant((0.01,), (0,)))
    bias = b.constant(np.zeros(2, np.int32), DType.INT32)
    b.op("FULLY_CONNECTED", [x, w, bias], [y], FullyConnected())
    return b.graph([y], "dense")


LARGE_SCRATCH = {
    "planes": depthwise(60, 1, 8),
    "dilated planes": depthwise(60, 2, 3, dilation=2),
    "dilated, 3 channels": depthwise(60, 3, 1, dilation=2),
    "one window": one_window(20, 16),
    "ragged rows": dense(6001),
}


@pytest.mark.parametrize("board_name", BOARDS)
@pytest.mark.parametrize("name", LARGE_SCRATCH)
def test_a_limit_that_suffices_for_tflite_micro_suffices(name: str, board_name: str) -> None:
    graph = LARGE_SCRATCH[name]
    board = with_memory(load_board(board_name), ("sram",), flash=16 * MB, sram=16 * MB)
    arena_bytes = tflm_arena(graph).total_bytes
    limit = Budget(16 * MB, board.stack_bytes + FIRMWARE.static_bytes + arena_bytes)
    ledger = make_ledger(graph, board, sizes=FIRMWARE, within=limit)
    assert check(ledger, limit).fits
    roomy = make_ledger(graph, board, sizes=FIRMWARE)
    assert roomy.lowered[0].kernel != "mn_conv2d_direct_s8"
    assert roomy.lowered[0].kernel != "mn_depthwise_direct_s8"


def test_only_ops_that_have_no_room_for_their_scratch_give_it_up() -> None:
    """A later, smaller op keeps its fast kernel."""
    b, rng = GraphBuilder(), np.random.default_rng(0)
    x, y, z = b.input((1, 60, 60, 1), IN), b.value((1, 60, 60, 8), IN), b.value((1, 4, 4, 8), IN)
    for source, result, multiplier, stride in ((x, y, 8, 1), (y, z, 1, 15)):
        w = b.constant(rng.integers(-127, 128, (1, 3, 3, 8)), DType.INT8, Quant((0.01,) * 8, (0,) * 8, 3))
        bias = b.constant(np.zeros(8, np.int32), DType.INT32)
        attrs = DepthwiseConv2D(multiplier, stride, stride, Padding.SAME)
        b.op("DEPTHWISE_CONV_2D", [source, w, bias], [result], attrs)
    graph = b.graph([z], "two")
    board = with_memory(load_board("nucleo_g071rb"), ("sram",), sram=64 * 1024)
    limit = Budget(MB, board.stack_bytes + FIRMWARE.static_bytes + tflm_arena(graph).plan.arena_bytes)
    ledger = make_ledger(graph, board, sizes=FIRMWARE, within=limit)
    assert check(ledger, limit).fits
    assert [low.kernel for low in ledger.lowered] == ["mn_depthwise_direct_s8", "mn_depthwise_s8"]


@pytest.mark.parametrize("core", CORES)
def test_without_scratch_no_arena_is_above_the_head_and_the_variables_of_tflite_micro(core: Core) -> None:
    """Of every op, in random shapes; what TensorFlow Lite Micro keeps beside the head is not counted."""
    target = Target(core, no_scratch=True)
    for kind in sorted(set(CASES) - UNKNOWN_TO_TFLM):
        for seed in range(3):
            graph = random_case(kind, np.random.default_rng(seed))
            variables = sum(-(-state.initial.nbytes // 16) * 16 for state in graph.states)
            plan = plan_memory(graph, lower_graph(graph, target))
            assert plan.arena_bytes <= tflm_arena(graph).plan.arena_bytes + variables, (kind, seed)


@pytest.mark.parametrize("core", CORES)
def test_published_networks_take_less_than_tflite_micro_by_the_fastest_kernels(
    core: Core, shared_models: Path
) -> None:
    for path in sorted(shared_models.glob("*.tflite")):
        graph = read(path)
        plan = plan_memory(graph, lower_graph(graph, Target(core)))
        assert plan.arena_bytes <= tflm_arena(graph).total_bytes, path.name
