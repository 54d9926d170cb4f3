"""The plan of a network on a board, and the place of its arena: whole where it can be, else over banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.board.arena_place import apart
from micronas.codegen.lowering import Lowered
from micronas.memory.ledger.free_region import (
    FreeRegion,
    Part,
    first_fit_region,
    free_banks,
    free_regions,
    largest_free_region,
)
from micronas.memory.plan import Plan, Shortfall, plan_in_banks, plan_memory
from micronas.model.graph import Graph


@dataclass(frozen=True)
class NoSplit:
    """Why an arena that no memory holds whole does not lie over ``rooms`` apart either."""

    rooms: tuple[FreeRegion, ...]
    shortfall: Shortfall

    @property
    def over_bytes(self) -> int:
        """What would have to go: of the live bytes, of the largest tensor, or of the best placement."""
        needed = self.shortfall.needed
        if not needed:
            return max(self._live_over, self._largest_over)
        free = {room.region: room.free_bytes for room in self.rooms}
        return sum(max(0, nbytes - free[name]) for name, nbytes in needed.items())

    @property
    def _live_over(self) -> int:
        return self.shortfall.live_bytes - sum(room.free_bytes for room in self.rooms)

    @property
    def _largest_over(self) -> int:
        return self.shortfall.largest_bytes - largest_free_region(self.rooms).free_bytes

    def __str__(self) -> str:
        *others, last = (room.region for room in self.rooms)
        names = f"{', '.join(others)} and {last}"
        free = ", ".join(f"{room.free_bytes:,} in {room.region}" for room in self.rooms)
        head = f"nor does it fit over {names} ({free} free)"
        short = self.shortfall
        if short.needed:
            needed = ", ".join(f"{nbytes:,} in {name}" for name, nbytes in short.needed.items())
            return f"{head}: the best placement found needs {needed}, {self.over_bytes:,} bytes over"
        if self._live_over > 0:
            return f"{head}: {short.live_bytes:,} bytes are live at its peak, {self._live_over:,} over"
        largest = largest_free_region(self.rooms).region
        return (
            f"{head}: a tensor of {short.largest_bytes:,} bytes, which cannot be divided, "
            f"is {self._largest_over:,} over in {largest}"
        )


@dataclass(frozen=True)
class Placement:
    """``plan`` and the ``place`` of its arena, the largest where none holds it.

    ``rooms`` are those that could hold it whole; ``no_split`` says why it is not split, where none of them
    does and there are memories apart.
    """

    plan: Plan
    place: str
    rooms: tuple[FreeRegion, ...]
    no_split: NoSplit | None = None

    def parts(self) -> list[Part]:
        """The arena by place."""
        if not self.plan.banks:
            return [Part(self.place, "arena", self.plan.arena_bytes)]
        return [Part(bank.name, "arena", bank.nbytes) for bank in self.plan.banks]


def place_on(board: Board, graph: Graph, lowered: Sequence[Lowered], resident_bytes: int) -> Placement:
    """Plan ``graph`` for ``board``, whose ``sram`` holds ``resident_bytes`` of stack and statics."""
    plan = plan_memory(graph, lowered)
    rooms = free_regions(board, resident_bytes)
    whole = first_fit_region(rooms, plan.arena_bytes)
    if whole is not None:
        return Placement(plan, whole.region, rooms)
    banks = free_banks(board, resident_bytes)
    if len(banks) < 2:
        return Placement(plan, largest_free_region(rooms).region, rooms)
    found = plan_in_banks(graph, lowered, {room.region: room.free_bytes for room in banks})
    if isinstance(found, Shortfall):
        return Placement(plan, largest_free_region(rooms).region, rooms, NoSplit(banks, found))
    return Placement(found, apart(bank.name for bank in found.banks), rooms)
