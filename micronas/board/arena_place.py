"""Where an arena may lie: in one memory region of a board, over several that lie side by side, or in parts.

A place is written as the names of its regions, joined by ``+``: ``sram``, ``dtcm+sram``. It does not matter
which of them comes first in memory, so that a place means the same on a board and on its emulated twin. Where
regions lie apart, ``|`` stands between them: ``ccm|sram``; the arena's banks are then in that order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from micronas.board.profile import Board, MemoryRegion

_JOINT = "+"
_GAP = "|"


def regions_of(board: Board, place: str) -> tuple[MemoryRegion, ...]:
    """The regions of ``place`` by address; raises ``BoardError`` for one that the board has not."""
    return tuple(sorted((board.region(name) for name in place.split(_JOINT)), key=lambda r: r.origin))


def banks_of(place: str) -> tuple[str, ...]:
    """The places of the arena's parts, in their order; one, where ``place`` is all one memory."""
    return tuple(place.split(_GAP))


def apart(banks: Iterable[str]) -> str:
    """The place whose parts are ``banks``."""
    return _GAP.join(banks)


def as_one(board: Board, place: str) -> MemoryRegion:
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
    return (*board.arena_regions, *(_joined(run) for run in _runs(board) if len(run) > 1))


def arena_banks(board: Board) -> tuple[str, ...]:
    """The memories among the board's ``arena_regions`` that lie apart, in the order of their best regions."""
    rank = {name: i for i, name in enumerate(board.arena_regions)}
    return tuple(_joined(r) for r in sorted(_runs(board), key=lambda r: min(rank[x.name] for x in r)))


def _runs(board: Board) -> list[list[MemoryRegion]]:
    """The board's ``arena_regions`` by address, neighbours in one list."""
    runs: list[list[MemoryRegion]] = []
    for region in sorted((board.region(name) for name in board.arena_regions), key=lambda r: r.origin):
        if runs and runs[-1][-1].end == region.origin:
            runs[-1].append(region)
        else:
            runs.append([region])
    return runs


def _joined(regions: Iterable[MemoryRegion]) -> str:
    return _JOINT.join(region.name for region in regions)
