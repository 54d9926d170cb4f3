"""Firmware onto a board, believed when the board answers; and work on a board, begun anew when it is lost."""

from __future__ import annotations

from micronas.device.flash.board import Flashed, flash, require_free, upload
from micronas.device.flash.session import BOARD_DEADLINE_S, Access, DeviceSession, use_board

__all__ = [
    "BOARD_DEADLINE_S",
    "Access",
    "DeviceSession",
    "Flashed",
    "flash",
    "require_free",
    "upload",
    "use_board",
]
