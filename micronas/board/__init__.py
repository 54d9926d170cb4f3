"""Board profiles: what the pipeline knows of a board, and of the machine that stands in for it."""

from micronas.board.load import BOARDS_DIR, board_names, describe_validation, load_board
from micronas.board.profile import (
    Board,
    Clock,
    Core,
    Emulator,
    MemoryRegion,
    Published,
    RegionKind,
    Timing,
    Uart,
    Upload,
)

__all__ = [
    "BOARDS_DIR",
    "Board",
    "Clock",
    "Core",
    "Emulator",
    "MemoryRegion",
    "Published",
    "RegionKind",
    "Timing",
    "Uart",
    "Upload",
    "board_names",
    "describe_validation",
    "load_board",
]
