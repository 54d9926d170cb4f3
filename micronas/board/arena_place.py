"""Where an arena may lie: in one memory region of a board, or over several that lie side by side.

A place is written as the names of its regions, joined by ``+``: ``sram``, ``dtcm+sram``. It does not matter
which of them comes first in memory, so that a place means the same on a board and on its emulated twin.
"""

from __future__ import annotations

import itertools

from micronas.board.profile import Board, Region

_JOINT = "+"


def regions_of(board: Board, place: str) -> tuple[Region, ...]:
    """The regions of ``place`` by address; raises ``BoardError`` for one that the board has not."""
    return tuple(sorted((board.region(name) for name in place.split(_JOINT)), key=lambda r: r.origin))


def as_one(board: Board, place: str) -> Region:
    """The place as a single region, named as a linker takes it.

    ``ValueError`` when its regions do not lie side by side.
    """
    regions = regions_of(board, place)
    for before, after in itertools.pairwise(regions):
        if before.end != after.origin:
            raise ValueError(f"{before.name} and {after.name} of {board.name} do not lie side by side")
    length = sum(region.length for region in regions)
    name = "_".join(region.name for region in regions)
    return regions[0].model_copy(update={"name": name, "length": length})


def arena_places(board: Board) -> tuple[str, ...]:
    """Each of the board's ``arena_regions``, in their order, then neighbours among them together."""
    return (*board.arena_regions, *_neighbours(board))


def _neighbours(board: Board) -> list[str]:
    runs: list[list[Region]] = []
    for region in sorted((board.region(name) for name in board.arena_regions), key=lambda r: r.origin):
        if runs and runs[-1][-1].end == region.origin:
            runs[-1].append(region)
        else:
            runs.append([region])
    return [_JOINT.join(region.name for region in run) for run in runs if len(run) > 1]
