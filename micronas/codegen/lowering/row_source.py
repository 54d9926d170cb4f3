"""An input that the application delivers row by row: an op of its own, before all others, that reads nothing.

It has no kernel of its own. ``mn_fetch_rows`` asks the application's function for the rows of a step; what
runs a network without such a function gets an error from its first step (``micronas.codegen.row_text``).
"""

from __future__ import annotations

from dataclasses import replace

from micronas.codegen.lowering import Lowered, RowCall
from micronas.codegen.lowering.row_window import RowOp, row_bytes
from micronas.model.graph import Graph, Op

ROW_SOURCE = "INPUT_ROWS"
FETCH_KERNEL = "mn_fetch_rows"


def fed_by_rows(graph: Graph) -> Graph:
    """``graph`` with the op that delivers the rows of its only input as op 0; all others move up by one."""
    (given,) = graph.inputs
    return replace(graph, ops=(Op(ROW_SOURCE, (), (given,)), *graph.ops))


def is_fed_by_rows(graph: Graph) -> bool:
    """Whether ``graph`` is one that ``fed_by_rows`` made."""
    return bool(graph.ops) and graph.ops[0].kind == ROW_SOURCE


def with_source(graph: Graph, lowered: tuple[Lowered, ...]) -> tuple[Lowered, ...]:
    """The ops of ``fed_by_rows(graph)``; ``lowered`` are those of ``graph``."""
    height = graph.tensors[graph.inputs[0]].shape[1]
    source = lower_row_source(graph, RowOp((), graph.inputs[0], height, height), height)
    return (source, *(replace(low, op_index=low.op_index + 1) for low in lowered))


def lower_row_source(graph: Graph, op: RowOp, rows: int) -> Lowered:
    """In steps of ``rows`` rows."""
    call = RowCall((), 0, row_bytes(graph.tensors[op.writes]), rows)
    return Lowered(0, FETCH_KERNEL, "mn_rows.h", "", (), (), (), row_call=call)
