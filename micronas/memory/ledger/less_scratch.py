"""The same network by kernels that need less and less scratch, for limits that the fastest ones exceed."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.lower import lower_with_least_scratch, lower_without_scratch
from micronas.memory.plan import Plan
from micronas.model.graph import Graph

Calls = tuple[Lowered, ...]


def with_less_scratch(graph: Graph, board: Board, fastest: Calls) -> Iterator[Calls]:
    """``graph`` by the fast kernels and steps of least scratch, then by those without any.

    Only what needs less than the one before. The last runs wherever TensorFlow Lite Micro's portable
    kernels do: these have no scratch for convolutions and dense layers either.
    """
    least = lower_with_least_scratch(graph, board.core, fastest)
    if _scratch(least) != _scratch(fastest):
        yield least
    without = lower_without_scratch(graph, board.core, least)
    if _scratch(without) != _scratch(least):
        yield without


def fast_where_possible(slow: Calls, plan: Plan, fast: Calls, arena_bytes: int) -> Calls:
    """``slow``, by the kernels of ``fast`` where their scratch lies within ``arena_bytes`` beside what lives
    at that op in the ``plan`` of ``slow``.
    """
    step = {op: k + 1 for k, op in enumerate(plan.order)}
    return tuple(
        quick if plan.live_bytes(step[quick.op_index]) + quick.scratch_bytes <= arena_bytes else small
        for small, quick in zip(slow, fast, strict=True)
    )


def _scratch(calls: Calls) -> list[int]:
    return [call.scratch_bytes for call in calls]
