"""What an op is modelled to take by steps of one size or another, on one board."""

from __future__ import annotations

from dataclasses import replace

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.row_source import FETCH_KERNEL
from micronas.errors import BoardError
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import board_latency
from micronas.memory.plan.free_scratch import Cycles
from micronas.model.graph import Graph


def step_cycles(graph: Graph, board: Board) -> Cycles | None:
    """Cycles of a lowered op of ``graph``, None for a core or a chip family without a timing model.

    Of shapes alone, so that the plan of a network is the same before and after its training.
    """
    try:
        model = board_latency(board)
    except BoardError:
        return None

    timing = model.timing
    scale = timing.scale if timing.shapes_scale is None else timing.shapes_scale

    def cycles(low: Lowered) -> float:
        if low.kernel == FETCH_KERNEL:  # the application's time
            return 0.0
        (features,) = fine_features_of(replace(graph, ops=(graph.ops[low.op_index],)), (low,))
        op = model.model.untrained_op(features)
        return scale * op.cycles + timing.scale * timing.miss_cycles * op.misses

    return cycles
