"""Which memory of a board the arena goes into.

Stack and statics lie in ``sram``; the arena lies whole in one of the board's ``arena_regions``, the first of
them that has room for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board import Board


@dataclass(frozen=True)
class Room:
    """Bytes that an arena may take of a region, beside what lies there already."""

    region: str
    free_bytes: int


def arena_rooms(board: Board, resident_bytes: int) -> tuple[Room, ...]:
    """The room in each of the board's ``arena_regions``, in their order.

    ``resident_bytes`` are stack and statics, which ``sram`` holds.
    """
    rooms = []
    for name in board.arena_regions:
        resident = resident_bytes if name == "sram" else 0
        rooms.append(Room(name, max(0, board.region(name).length - resident)))
    return tuple(rooms)


def choose_room(rooms: tuple[Room, ...], arena_bytes: int) -> Room:
    """The first room that holds ``arena_bytes``; where none does, the largest, which lacks the least."""
    fitting = (room for room in rooms if arena_bytes <= room.free_bytes)
    return next(fitting, None) or max(rooms, key=lambda room: room.free_bytes)
