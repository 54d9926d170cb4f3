"""Budgets in KB, as people write them, to bytes on a board."""

from __future__ import annotations

from micronas.board import Board
from micronas.errors import BudgetError
from micronas.memory.ledger import Budget, board_budget


def make_budget(board: Board, flash_kb: float | None, sram_kb: float | None) -> Budget:
    """The sizes in bytes; what is not given is what the board has.

    The ledger itself counts firmware, statics and stack, so nothing is taken off here. Raises
    ``BudgetError`` for a budget that is not above zero, or larger than the board.
    """
    whole = board_budget(board)
    return Budget(
        flash_bytes=_bytes(board, "flash_kb", flash_kb, whole.flash_bytes),
        sram_bytes=_bytes(board, "sram_kb", sram_kb, whole.sram_bytes),
    )


def _bytes(board: Board, name: str, asked_kb: float | None, there_bytes: int) -> int:
    if asked_kb is None:
        return there_bytes
    there_kb = f"{there_bytes / 1024:g}"
    remedy = f"set it to {there_kb} or less, or leave it out for all of it"
    if not asked_kb > 0:  # NaN neither
        raise BudgetError(f"{name} is {asked_kb:g}, and must be more than 0", remedy=remedy)
    if asked_kb * 1024 > there_bytes:
        raise BudgetError(f"{name} is {asked_kb:g}, but {board.name} has {there_kb} KB", remedy=remedy)
    return round(asked_kb * 1024)
