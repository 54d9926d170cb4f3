"""Networks whose first ops run by rows, whether that saves memory or not."""

from __future__ import annotations

from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan.rows.join import RowPlan
from micronas.memory.plan.rows.plan import plan_by_rows
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
