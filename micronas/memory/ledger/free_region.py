"""The memory of a board that holds the arena, and the resulting contents of each region.

Stack and statics are in ``sram``. The arena is placed in the first of the board's ``arena_regions`` with
enough room. If none has, adjacent regions are used as one memory; stack and statics are then at its start, as
they are otherwise at the start of ``sram``. If these are too small as well, the arena is planned again over
separate memories (``placement``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.board.arena_location import (
    SRAM,
    ArenaMemory,
    as_one,
    regions_of,
    separate_memories,
    whole_memories,
)


@dataclass(frozen=True)
class FreeRegion:
    """Bytes of a memory that are free for an arena."""

    memory: ArenaMemory
    free_bytes: int


@dataclass(frozen=True)
class Item:
    """Bytes of one kind in one memory region."""

    what: str
    nbytes: int
    region: str


@dataclass(frozen=True)
class RegionPart:
    """A part of the arena, of one kind, and the memory that holds it."""

    memory: ArenaMemory
    what: str
    nbytes: int


def free_regions(board: Board, resident_bytes: int) -> tuple[FreeRegion, ...]:
    """The room in each of the board's ``arena_regions``, in order, then in adjacent ones combined.

    ``resident_bytes`` are stack and statics, which ``sram`` holds.
    """
    return tuple(_room(board, memory, resident_bytes) for memory in whole_memories(board))


def free_banks(board: Board, resident_bytes: int) -> tuple[FreeRegion, ...]:
    """The room in each of the separate memories, best first; ``resident_bytes`` as above."""
    return tuple(_room(board, memory, resident_bytes) for memory in separate_memories(board))


def _room(board: Board, memory: ArenaMemory, resident_bytes: int) -> FreeRegion:
    resident = resident_bytes if _has_sram(memory) else 0
    return FreeRegion(memory, max(0, as_one(board, memory).length - resident))


def first_fit_region(rooms: tuple[FreeRegion, ...], arena_bytes: int) -> FreeRegion | None:
    """The first room that holds ``arena_bytes``, if any."""
    return next((room for room in rooms if arena_bytes <= room.free_bytes), None)


def largest_free_region(rooms: tuple[FreeRegion, ...]) -> FreeRegion:
    """The room with the fewest missing bytes for an arena that fits none; the first of several."""
    return max(rooms, key=lambda room: room.free_bytes)


def allocate_regions(
    board: Board, resident: Iterable[tuple[str, int]], arena: Sequence[RegionPart]
) -> tuple[Item, ...]:
    """The contents of each region: the parts of the arena, then ``resident``, last first.

    ``resident`` are (what, bytes); they and the parts of one memory are in link order. Bytes that exceed a
    memory count in its last region.
    """
    resident = tuple(resident)
    memories = tuple(dict.fromkeys(part.memory for part in arena))
    home = next((memory for memory in memories if _has_sram(memory)), SRAM)
    items: list[Item] = []
    at_home: list[Item] = []
    for memory in dict.fromkeys((*memories, home)):
        here = [(part.what, part.nbytes) for part in arena if part.memory == memory]
        first = resident if memory == home else ()
        for count, item in _spread(board, memory, (*first, *here)):
            (at_home if count < len(first) else items).append(item)
    return (*items, *reversed(at_home))


def _spread(board: Board, memory: ArenaMemory, parts: Iterable[tuple[str, int]]) -> list[tuple[int, Item]]:
    """Numbered ``parts``, consecutive from the start of ``memory``, split at the borders of its regions."""
    *others, last = regions_of(board, memory)
    free = [region.length for region in others]
    items = []
    for number, (what, nbytes) in enumerate(parts):
        left = nbytes
        for i, region in enumerate(others):
            here = min(left, free[i])
            if here:
                items.append((number, Item(what, here, region.name)))
            free[i] -= here
            left -= here
        if left or not nbytes:
            items.append((number, Item(what, left, last.name)))
    return items


def _has_sram(memory: ArenaMemory) -> bool:
    return set(SRAM.regions) <= set(memory.regions)
