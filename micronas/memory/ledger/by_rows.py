"""Ledgers of networks whose first ops run by rows."""

from __future__ import annotations

import functools
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
from micronas.memory.plan.rows.plan import RowPlanner
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


def constants_exceed(graph: Graph, budget: Budget) -> bool:
    """Whether the constants alone take more flash than ``budget`` has: no plan fits then."""
    constants = {t for op in graph.ops for t in graph.constant_inputs(op)}
    return sum(graph.tensors[t].nbytes for t in constants) > budget.flash_bytes


class LedgersByRows:
    """Ledgers of ``graph`` on ``board`` with the first ops by rows, with different limits: what these share
    is made once. There are none of what is ``too_long_for_rows``. ``within`` is as in ``make_ledger``.
    """

    def __init__(self, graph: Graph, board: Board, within: Budget | None) -> None:
        self._graph, self._board, self._within = graph, board, within
        self._too_long = bool(too_long_for_rows(graph))
        self._known: dict[tuple[int, int, float], Ledger | None] = {}

    def ledger(self, below_bytes: int, limit_bytes: int = 0, most_cycles: float = 0.0) -> Ledger | None:
        """In an arena below ``below_bytes``, if there is one, which may grow to ``limit_bytes`` for larger
        steps. With ``most_cycles`` it is the smallest arena in which the ops are modelled to take no more
        than that, if one is found.
        """
        if self._too_long:
            return None
        key = below_bytes, limit_bytes, most_cycles
        if key not in self._known:
            found = self._planner.plan(below_bytes, limit_bytes=limit_bytes, most_cycles=most_cycles)
            self._known[key] = self._ledger_of(found)
        return self._known[key]

    def one_row_at_a_time(self, limits: Budget) -> Ledger | None:
        """The first plan found with an arena for which ``limits`` have room, one row at a time."""
        if self._too_long:
            return None
        most = self.most_arena_bytes(limits)
        return self._ledger_of(self._planner.plan(most + 1, enough_bytes=most, quick=True))

    def others(self, limits: Budget) -> Iterator[Ledger]:
        """In an arena for which ``limits`` have room: in large steps, then as the gate's quick look plans it.

        Large steps are fewer, so that their table takes less flash.
        """
        most = self.most_arena_bytes(limits)
        if (large := self.ledger(most + 1, most)) is not None:
            yield large
        if (quick := self.one_row_at_a_time(limits)) is not None:
            yield quick

    def most_arena_bytes(self, limits: Budget) -> int:
        """The largest arena in one piece within ``limits``."""
        return most_arena_bytes(self._board, self._fastest, limits)

    @functools.cached_property
    def _fastest(self) -> tuple[Lowered, ...]:
        return lower_graph(self._graph, Target(self._board.core))

    @functools.cached_property
    def _planner(self) -> RowPlanner:
        cycles = step_cycles(self._graph, self._board)
        return RowPlanner(self._graph, self._fastest, Target(self._board.core), cycles)

    def _ledger_of(self, found: RowPlan | None) -> Ledger | None:
        if found is None:
            return None
        board, sizes = self._board, size_of_firmware(self._board, found.lowered)
        placement = place_by_rows(board, found, board.stack_bytes + sizes.static_bytes)
        return finished_ledger(self._graph, board, placement, found.lowered, sizes, self._within, Prefer.ROWS)


def fits_by_rows(graph: Graph, board: Board, budget: Budget) -> bool:
    """Whether ``graph`` is within ``budget`` if its first ops run by rows."""
    if constants_exceed(graph, budget):
        return False
    by_rows = LedgersByRows(graph, board, budget)
    quick = by_rows.one_row_at_a_time(budget)
    if quick is None or check(quick, budget).fits:
        return quick is not None
    most = by_rows.most_arena_bytes(budget)
    ledgers = (by_rows.ledger(most + 1, limit) for limit in (0, most))
    return any(ledger is not None and check(ledger, budget).fits for ledger in ledgers)


def most_arena_bytes(board: Board, lowered: tuple[Lowered, ...], limits: Budget) -> int:
    """The largest arena in one piece within ``limits``."""
    resident_bytes = board.stack_bytes + size_of_firmware(board, lowered).static_bytes
    largest = largest_free_region(free_regions(board, resident_bytes)).free_bytes
    return min(largest, limits.sram_bytes - resident_bytes)
