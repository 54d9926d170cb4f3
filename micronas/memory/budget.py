"""Budgets in KB, as written by the user, to bytes on a board."""

from __future__ import annotations

from micronas.board import Board
from micronas.errors import BudgetError
from micronas.memory.front_end_cost import FrontEndCost
from micronas.memory.ledger import Budget, board_budget


def make_budget(board: Board, flash_kb: float | None, sram_kb: float | None) -> Budget:
    """The sizes in bytes; a missing size is the board's.

    The ledger counts firmware, statics and stack, so nothing is subtracted here. Raises
    ``BudgetError`` for a budget that is not above zero, or larger than the board.
    """
    whole = board_budget(board)
    return Budget(
        flash_bytes=_bytes(board, "flash_kb", flash_kb, whole.flash_bytes),
        sram_bytes=_bytes(board, "sram_kb", sram_kb, whole.sram_bytes),
    )


def limit_on(limit_kb: float | None, there_bytes: int) -> float | None:
    """A limit as it holds for a board with ``there_bytes``: None, all that it has, if it has less."""
    return None if limit_kb is None or limit_kb * 1024 > there_bytes else limit_kb


def _bytes(board: Board, name: str, asked_kb: float | None, there_bytes: int) -> int:
    if asked_kb is None:
        return there_bytes
    there_kb = f"{there_bytes / 1024:g}"
    remedy = f"set it to {there_kb} or less, or remove it to use all of it"
    if not asked_kb > 0:  # also refuses NaN
        raise BudgetError(f"{name} is {asked_kb:g}, but must be more than 0", remedy=remedy)
    if asked_kb * 1024 > there_bytes:
        raise BudgetError(f"{name} is {asked_kb:g}, but {board.name} has {there_kb} KB", remedy=remedy)
    return round(asked_kb * 1024)


def less_front_end(budget: Budget, cost: FrontEndCost | None, board: Board) -> Budget:
    """What remains beside a front end whose scratch the arena holds; ``BudgetError`` if nothing does."""
    if cost is None:
        return budget
    flash_bytes, sram_bytes = cost.flash_bytes(board.core), cost.buffer_bytes
    for name, needed, limit in (
        ("flash", flash_bytes, budget.flash_bytes),
        ("SRAM", sram_bytes, budget.sram_bytes),
    ):
        if needed >= limit:
            raise BudgetError(
                f"the front end alone takes {needed:,} bytes of {name}, but the limit is {limit:,}",
                remedy="set shorter windows or fewer bands in data.options, or a larger limit in constraints",
            )
    return Budget(budget.flash_bytes - flash_bytes, budget.sram_bytes - sram_bytes)
