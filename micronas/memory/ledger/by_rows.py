"""Ledgers of networks whose first ops run by rows."""

from __future__ import annotations

import math
from collections.abc import Iterator

from micronas.board import Board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.ledger.assemble import finished_ledger, size_of_firmware
from micronas.memory.ledger.budget import Budget, check
from micronas.memory.ledger.free_region import free_regions, largest_free_region
from micronas.memory.ledger.items import Ledger
from micronas.memory.ledger.placement import place_by_rows
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows import chains
from micronas.memory.plan.rows.join import RowPlan
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.model.graph import Graph

MOST_WEIGHED_OPS = 50_000
"""Ops of all chains that could run by rows, each with all that follows it. Of more, no plan is looked for."""


def too_long_for_rows(graph: Graph) -> str:
    """Why no plan by rows is looked for; empty for a network of usual length."""
    if len(graph.ops) ** 2 <= MOST_WEIGHED_OPS:
        return ""
    weighed = len(chains(graph)) * len(graph.ops)
    if weighed <= MOST_WEIGHED_OPS:
        return ""
    return (
        f"no plan by rows was looked for: its chains would be {weighed:,} ops to weigh, and the limit is "
        f"{MOST_WEIGHED_OPS:,}; a network of at most {math.isqrt(MOST_WEIGHED_OPS)} ops is within it"
    )


def ledger_by_rows(
    graph: Graph,
    board: Board,
    below_bytes: int,
    within: Budget | None,
    limit_bytes: int = 0,
    most_cycles: float = 0.0,
) -> Ledger | None:
    """With the first ops by rows, if that takes an arena below ``below_bytes``, which may grow to
    ``limit_bytes`` for larger steps. With ``most_cycles`` it is the smallest arena in which the ops are
    modelled to take no more than that, if one is found. None, too, for what is ``too_long_for_rows``.
    """
    if too_long_for_rows(graph):
        return None
    found = plan_by_rows(
        graph,
        lower_graph(graph, Target(board.core)),
        Target(board.core),
        below_bytes,
        limit_bytes=limit_bytes,
        cycles=step_cycles(graph, board),
        most_cycles=most_cycles,
    )
    return None if found is None else _ledger_of_rows(graph, board, found, within)


def _one_row_at_a_time(graph: Graph, board: Board, limits: Budget, within: Budget | None) -> Ledger | None:
    """The first plan found with an arena for which ``limits`` have room, one row at a time."""
    if too_long_for_rows(graph):
        return None
    fastest = lower_graph(graph, Target(board.core))
    most = most_arena_bytes(board, fastest, limits)
    found = plan_by_rows(graph, fastest, Target(board.core), most + 1, enough_bytes=most, quick=True)
    return None if found is None else _ledger_of_rows(graph, board, found, within)


def fits_by_rows(graph: Graph, board: Board, budget: Budget) -> bool:
    """Whether ``graph`` is within ``budget`` if its first ops run by rows."""
    constants = {t for op in graph.ops for t in graph.constant_inputs(op)}
    if sum(graph.tensors[t].nbytes for t in constants) > budget.flash_bytes:
        return False
    quick = _one_row_at_a_time(graph, board, budget, budget)
    if quick is None or check(quick, budget).fits:
        return quick is not None
    most = most_arena_bytes(board, lower_graph(graph, Target(board.core)), budget)
    ledgers = (ledger_by_rows(graph, board, most + 1, budget, limit) for limit in (0, most))
    return any(ledger is not None and check(ledger, budget).fits for ledger in ledgers)


def others_by_rows(graph: Graph, board: Board, limits: Budget, within: Budget | None) -> Iterator[Ledger]:
    """In an arena for which ``limits`` have room: in large steps, then as the gate's quick look plans it.

    Large steps are fewer, so that their table takes less flash.
    """
    most = most_arena_bytes(board, lower_graph(graph, Target(board.core)), limits)
    if (large := ledger_by_rows(graph, board, most + 1, within, most)) is not None:
        yield large
    if (quick := _one_row_at_a_time(graph, board, limits, within)) is not None:
        yield quick


def most_arena_bytes(board: Board, lowered: tuple[Lowered, ...], limits: Budget) -> int:
    """The largest arena in one piece within ``limits``."""
    resident_bytes = board.stack_bytes + size_of_firmware(board, lowered).static_bytes
    largest = largest_free_region(free_regions(board, resident_bytes)).free_bytes
    return min(largest, limits.sram_bytes - resident_bytes)


def _ledger_of_rows(graph: Graph, board: Board, found: RowPlan, within: Budget | None) -> Ledger:
    sizes = size_of_firmware(board, found.lowered)
    placement = place_by_rows(board, found, board.stack_bytes + sizes.static_bytes)
    return finished_ledger(graph, board, placement, found.lowered, sizes, within, Prefer.ROWS)
