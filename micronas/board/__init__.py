"""Board profiles: what the pipeline knows about a board and about the machine that emulates it."""

from micronas.board.folders import board_files, shipped_boards
from micronas.board.load import board_names, describe_validation, load_board, read_board, read_boards
from micronas.board.profile import (
    Board,
    Calibration,
    Clock,
    CodeMemory,
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
    "Board",
    "Calibration",
    "Clock",
    "CodeMemory",
    "Core",
    "Emulator",
    "MemoryRegion",
    "Published",
    "RegionKind",
    "Timing",
    "Uart",
    "Upload",
    "board_files",
    "board_names",
    "describe_validation",
    "load_board",
    "read_board",
    "read_boards",
    "shipped_boards",
]
