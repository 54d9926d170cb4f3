"""Which memory of a board the arena goes into, and what then lies where.

Stack and statics lie in ``sram``. The arena lies whole in one of the board's ``arena_regions``, the first of
them that has room for it. An arena that none holds takes neighbours among them as one memory; stack and
statics then lie at the start of that, as they otherwise do at the start of ``sram``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from micronas.board import Board
from micronas.board.arena_place import arena_places, as_one, regions_of


@dataclass(frozen=True)
class Room:
    """Bytes that an arena may take of a region, or of neighbours, beside what lies there already."""

    region: str
    free_bytes: int


@dataclass(frozen=True)
class Item:
    """Bytes of one kind in one memory region."""

    what: str
    nbytes: int
    region: str


def arena_rooms(board: Board, resident_bytes: int) -> tuple[Room, ...]:
    """The room in each of the board's ``arena_regions``, in their order, and then in neighbours together.

    ``resident_bytes`` are stack and statics, which ``sram`` holds.
    """
    rooms = []
    for place in arena_places(board):
        resident = resident_bytes if _has_sram(board, place) else 0
        rooms.append(Room(place, max(0, as_one(board, place).length - resident)))
    return tuple(rooms)


def choose_room(rooms: tuple[Room, ...], arena_bytes: int) -> Room:
    """The first room that holds ``arena_bytes``; where none does, the largest, which lacks the least."""
    fitting = (room for room in rooms if arena_bytes <= room.free_bytes)
    return next(fitting, None) or max(rooms, key=lambda room: room.free_bytes)


def lay_out(
    board: Board, place: str, resident: Iterable[tuple[str, int]], arena: Iterable[tuple[str, int]]
) -> tuple[Item, ...]:
    """What lies in which region: the parts of an arena in ``place``, then what is ``resident``, last first.

    Both are (what, bytes) in the order in which they are linked. What exceeds a place is its last region's.
    """
    resident = tuple(resident)
    if not _has_sram(board, place):
        return (*_spread(board, place, arena), *reversed(_spread(board, "sram", resident)))
    items = _spread(board, place, (*resident, *arena))
    names = [what for what, _ in resident]
    at_home = [item for item in items if item.what in names]
    return (*(item for item in items if item.what not in names), *reversed(at_home))


def _spread(board: Board, place: str, parts: Iterable[tuple[str, int]]) -> tuple[Item, ...]:
    """``parts`` one after the other from the start of ``place``, cut where its regions meet."""
    *others, last = regions_of(board, place)
    free = [region.length for region in others]
    items = []
    for what, nbytes in parts:
        left = nbytes
        for i, region in enumerate(others):
            here = min(left, free[i])
            if here:
                items.append(Item(what, here, region.name))
            free[i] -= here
            left -= here
        if left or not nbytes:
            items.append(Item(what, left, last.name))
    return tuple(items)


def _has_sram(board: Board, place: str) -> bool:
    return any(region.name == "sram" for region in regions_of(board, place))
