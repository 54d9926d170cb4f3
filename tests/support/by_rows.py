"""Networks whose first ops run by rows, whether that saves memory or not."""

from __future__ import annotations

from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.rows import lower_rows
from micronas.memory.plan.rows import chains
from micronas.memory.plan.rows.join import RowPlan, join
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.memory.plan.rows.streamed import PlacedChain, laid_out, parts_of, streamed_in_waves
from micronas.model.graph import Graph

NO_LIMIT = 2**40


def row_plan(graph: Graph, target: Target, limit_bytes: int = 0) -> RowPlan:
    """The lowest plan by rows, or the one by more rows at a time that ``limit_bytes`` hold."""
    lowered = lower_graph(graph, target)
    found = plan_by_rows(graph, lowered, target, NO_LIMIT, limit_bytes=limit_bytes)
    assert found is not None, f"{graph.name} has no chain"
    return found


def arrange_by_rows(graph: Graph, target: Target):
    """For ``tests.support.model_runner``."""
    found = row_plan(graph, target)
    return found.lowered, found.plan


def arrange_by_bands(graph: Graph, target: Target):
    """The same by several rows at a time."""
    found = row_plan(graph, target, limit_bytes=16_000)
    return found.lowered, found.plan


def wave_plan(graph: Graph, target: Target, first: int, rows: int) -> RowPlan:
    """The longest chain in waves: one of ``first`` rows of the first op's output, then waves of ``rows``."""
    chain = chains(graph)[-1]

    def lower(index: int, most: int):
        return lower_rows(graph, index, chain.ops[index], most, target)

    parts = parts_of(graph, lower_graph(graph, target), chain, lower)
    turns = chain.ops[0].turns
    streamed = streamed_in_waves(graph, parts, (*range(min(first, turns), turns, rows), turns))
    return join(PlacedChain(parts, streamed, laid_out(parts, streamed, 0, 20)))


def arrange_by_waves(graph: Graph, target: Target):
    """The same in waves of some rows, the first of them larger."""
    found = wave_plan(graph, target, 4, 3)
    return found.lowered, found.plan
