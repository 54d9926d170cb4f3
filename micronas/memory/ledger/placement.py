"""The plan of a network on a board, and the location of its arena: whole if possible, else over banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.board.arena_location import ArenaLocation
from micronas.codegen.lowering import Lowered
from micronas.memory.ledger.free_region import (
    FreeRegion,
    RegionPart,
    first_fit_region,
    free_banks,
    free_regions,
    largest_free_region,
)
from micronas.memory.plan import Plan, Shortfall, plan_in_banks, plan_memory
from micronas.memory.plan.rows.join import RowPlan
from micronas.model.graph import Graph


@dataclass(frozen=True)
class NoSplit:
    """Why an arena that no memory holds whole does not fit over the separate ``rooms`` either."""

    rooms: tuple[FreeRegion, ...]
    shortfall: Shortfall

    @property
    def over_bytes(self) -> int:
        """The bytes over: of the live bytes, of the largest tensor, or of the best placement."""
        needed = self.shortfall.needed
        if not needed:
            return max(self._live_over, self._largest_over)
        free = {str(room.memory): room.free_bytes for room in self.rooms}
        return sum(max(0, nbytes - free[name]) for name, nbytes in needed.items())

    @property
    def _live_over(self) -> int:
        return self.shortfall.live_bytes - sum(room.free_bytes for room in self.rooms)

    @property
    def _largest_over(self) -> int:
        return self.shortfall.largest_bytes - largest_free_region(self.rooms).free_bytes

    def __str__(self) -> str:
        *others, last = (str(room.memory) for room in self.rooms)
        names = f"{', '.join(others)} and {last}"
        free = ", ".join(f"{room.free_bytes:,} in {room.memory}" for room in self.rooms)
        head = f"nor does it fit over {names} ({free} free)"
        short = self.shortfall
        if short.needed:
            needed = ", ".join(f"{nbytes:,} in {name}" for name, nbytes in short.needed.items())
            return f"{head}: the best placement found needs {needed}, {self.over_bytes:,} bytes over"
        if self._live_over > 0:
            return f"{head}: {short.live_bytes:,} bytes are live at its peak, {self._live_over:,} over"
        largest = largest_free_region(self.rooms).memory
        return (
            f"{head}: a tensor of {short.largest_bytes:,} bytes, which cannot be divided, "
            f"is {self._largest_over:,} over in {largest}"
        )


@dataclass(frozen=True)
class Placement:
    """``plan`` and the ``location`` of its arena, which is the largest memory if none holds it.

    ``rooms`` are the memories that could hold it whole; ``no_split`` is the reason why it is not split, if
    none holds it and there are separate memories.
    """

    plan: Plan
    location: ArenaLocation
    rooms: tuple[FreeRegion, ...]
    no_split: NoSplit | None = None

    @property
    def free_bytes(self) -> int:
        """What an arena in one piece may take where it lies; 0 of one in several memories."""
        return next((r.free_bytes for r in self.rooms if (r.memory,) == self.location.memories), 0)

    def parts(self) -> list[RegionPart]:
        """The parts of the arena by memory."""
        sizes = [bank.nbytes for bank in self.plan.banks] or [self.plan.arena_bytes]
        memories = zip(self.location.memories, sizes, strict=True)
        return [RegionPart(memory, "arena", nbytes) for memory, nbytes in memories]


def place_on(
    board: Board,
    graph: Graph,
    lowered: Sequence[Lowered],
    resident_bytes: int,
    sram_budget_bytes: int | None = None,
) -> Placement:
    """Plan ``graph`` for ``board`` with ``resident_bytes`` of stack and statics in ``sram``.

    With ``sram_budget_bytes`` (stack and statics included) the first plan found within it and within a room
    will do; without, the search goes on for the lowest.
    """
    rooms = free_regions(board, resident_bytes)
    enough_bytes = 0
    if sram_budget_bytes is not None:
        enough_bytes = min(sram_budget_bytes - resident_bytes, largest_free_region(rooms).free_bytes)
    plan = plan_memory(graph, lowered, enough_bytes)
    whole = first_fit_region(rooms, plan.arena_bytes)
    if whole is not None:
        return Placement(plan, _in(whole), rooms)
    banks = free_banks(board, resident_bytes)
    if len(banks) < 2:
        return Placement(plan, _in(largest_free_region(rooms)), rooms)
    memories = {str(room.memory): room.memory for room in banks}
    found = plan_in_banks(graph, lowered, {str(room.memory): room.free_bytes for room in banks})
    if isinstance(found, Shortfall):
        return Placement(plan, _in(largest_free_region(rooms)), rooms, NoSplit(banks, found))
    return Placement(found, ArenaLocation(tuple(memories[bank.name] for bank in found.banks)), rooms)


def place_by_rows(board: Board, row_plan: RowPlan, resident_bytes: int) -> Placement:
    """The location of a plan by rows: the first memory that holds it whole, else the largest."""
    rooms = free_regions(board, resident_bytes)
    whole = first_fit_region(rooms, row_plan.plan.arena_bytes)
    return Placement(row_plan.plan, _in(whole or largest_free_region(rooms)), rooms)


def _in(room: FreeRegion) -> ArenaLocation:
    return ArenaLocation((room.memory,))
