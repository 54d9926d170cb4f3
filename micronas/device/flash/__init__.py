"""Uploads to a board, verified by its reply, and work on a board that is restarted if the board is lost."""

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
