"""The plan of an arena in one piece, and quick answers to whether there is one within some bytes."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.codegen.lowering import Lowered
from micronas.memory.plan.arena_plan import Plan
from micronas.memory.plan.make_plan import make_plan
from micronas.memory.plan.order import has_order_within, unavoidable_peak
from micronas.memory.plan.placement import best_placement
from micronas.memory.plan.values import make_problem
from micronas.model.graph import Graph


def plan_memory(graph: Graph, lowered: Sequence[Lowered], enough_bytes: int = 0) -> Plan:
    """Plan ``graph`` with scratch, copies and in-place inputs from ``lowered`` (one per op, in order).

    The first placement found that takes at most ``enough_bytes`` ends the search for a lower one.
    """
    problem = make_problem(graph, lowered)
    placed = best_placement(problem, enough_bytes)
    return make_plan(problem, placed, placed.height)


def min_arena_bytes(graph: Graph, lowered: Sequence[Lowered]) -> int:
    """A lower bound of the arena of every plan of ``graph``, in a fraction of a plan's time."""
    return unavoidable_peak(make_problem(graph, lowered))


def no_plan_within(graph: Graph, lowered: Sequence[Lowered], arena_bytes: int) -> bool:
    """Whether every plan of ``graph`` takes more than ``arena_bytes``, in a fraction of a plan's time.

    True if one op alone does, or the live bytes of the best order; False means undecided.
    """
    return not has_order_within(make_problem(graph, lowered), arena_bytes)


def is_plan_within(graph: Graph, lowered: Sequence[Lowered], arena_bytes: int) -> bool:
    """Whether the arena of ``plan_memory``, which may end at ``arena_bytes``, takes no more than that."""
    problem = make_problem(graph, lowered)
    return (
        has_order_within(problem, arena_bytes) and best_placement(problem, arena_bytes).height <= arena_bytes
    )
