"""The plan of a network whose input the application delivers row by row: it is never there as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from micronas.board import Board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.row_source import fed_by_rows, with_source
from micronas.codegen.lowering.row_window import ELEMENTWISE
from micronas.errors import ModelError
from micronas.memory.ledger.assemble import ledger_of, size_of_firmware
from micronas.memory.ledger.by_rows import too_long_for_rows
from micronas.memory.ledger.items import Ledger
from micronas.memory.ledger.placement import place_by_rows
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows import chains
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.memory.plan.rows.join import RowPlan
from micronas.memory.plan.rows.plan import RowPlanner
from micronas.model.graph import Graph

_ANY_BYTES = 2**40

_NOT_COUNTED = (
    "the function of the application that delivers the rows is not counted: its code, memory and time"
)


@dataclass(frozen=True, eq=False)
class RowInput:
    """``graph`` has the op that delivers the rows as op 0; ``lowered`` and ``plan`` are of it."""

    graph: Graph
    lowered: tuple[Lowered, ...]
    plan: Plan


def plan_with_row_input(graph: Graph, target: Target, board: Board, prefer: Prefer) -> RowInput:
    """The smallest arena that is modelled to cost at most ``ROWS_MAY_COST`` of the cycles op by op.

    The smallest of all where there is none, and if SRAM is preferred. Raises ``ModelError`` for a network
    that does not begin by rows.
    """
    if reason := why_no_row_input(graph):
        raise _refusal(graph, reason)
    lowered = lower_graph(graph, target)
    whole, plan = use_free_bytes(lowered, plan_memory(graph, lowered))
    fed, cycles = fed_by_rows(graph), step_cycles(graph, board)
    most = 0.0 if cycles is None else (1.0 + ROWS_MAY_COST) * sum(map(cycles, whole))
    calls, of_fed = with_source(graph, lowered), step_cycles(fed, board)

    planner = RowPlanner(fed, calls, target, of_fed)
    most = 0.0 if prefer is Prefer.SRAM else most
    found = planner.plan(plan.arena_bytes, most_cycles=most) or planner.plan(_ANY_BYTES)
    if found is None:
        raise _refusal(graph, "its rows are too many for a plan by rows")
    return RowInput(fed, *use_free_bytes(found.lowered, found.plan))


def ledger_with_row_input(graph: Graph, board: Board, prefer: Prefer) -> tuple[Graph, Ledger]:
    """The graph with the op that delivers the rows, and its ledger; raises as ``plan_with_row_input``."""
    taken = plan_with_row_input(graph, Target(board.core), board, prefer)
    sizes = size_of_firmware(board, taken.lowered)
    resident_bytes = board.stack_bytes + sizes.static_bytes
    placement = place_by_rows(board, RowPlan(taken.plan, taken.lowered), resident_bytes)
    ledger = ledger_of(taken.graph, board, placement, taken.lowered, sizes)
    return taken.graph, replace(ledger, notes=(*ledger.notes, _NOT_COUNTED))


def why_no_row_input(graph: Graph) -> str:
    """Why the input cannot come row by row; empty if it can."""
    if len(graph.inputs) != 1:
        return f"the network has {len(graph.inputs)} inputs"
    if graph.states:
        return "the network keeps states between runs"
    if chains(fed_by_rows(graph)):
        return too_long_for_rows(graph)
    first = graph.ops[0].kind if graph.ops else "none"
    return f"the network does not begin with operators that run by rows (its first operator: {first})"


def _refusal(graph: Graph, reason: str) -> ModelError:
    return ModelError(
        f"{graph.name}: the input cannot come row by row: {reason}",
        remedy="leave out --input rows, or begin the network with what runs by rows: convolutions, pools, "
        f"additions of two tensors of one shape, and {', '.join(ELEMENTWISE)}",
    )
