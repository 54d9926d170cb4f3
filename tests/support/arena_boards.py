"""Boards with other memory than they have, and what a ledger puts into each region."""

from __future__ import annotations

from micronas.board import Board, RegionKind
from micronas.memory.codesize import FirmwareSize
from micronas.memory.ledger import Ledger

FIRMWARE = FirmwareSize(code_bytes=9_000, rodata_bytes=500, static_bytes=1_024)
KB = 1024


def with_memory(board: Board, arena_regions: tuple[str, ...], **lengths: int) -> Board:
    """The board with other lengths of regions."""
    regions = tuple(r.model_copy(update={"length": lengths.get(r.name, r.length)}) for r in board.regions)
    return board.model_copy(update={"regions": regions, "arena_regions": arena_regions})


def used(ledger: Ledger, board: Board) -> dict[str, int]:
    regions = (r.name for r in board.regions if r.kind is not RegionKind.FLASH)
    return {name: nbytes for name in regions if (nbytes := ledger.region_bytes(name))}
