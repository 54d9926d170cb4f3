"""Chip families that the firmware supports: one module each, from a board to the constants of its C port."""

from __future__ import annotations

from micronas.board import Board
from micronas.errors import BoardError
from micronas.firmware.families import (
    mps2,
    stm32f1,
    stm32f2,
    stm32f4,
    stm32f7,
    stm32g0,
    stm32g4,
    stm32h7,
    stm32l4,
    stm32l5,
    stm32u5,
)
from micronas.firmware.families.family import Family

__all__ = ["FAMILIES", "Family", "family_of"]

_ALL: tuple[Family, ...] = (
    mps2.FAMILY,
    stm32f1.FAMILY,
    stm32f2.FAMILY,
    stm32f4.FAMILY,
    stm32f7.FAMILY,
    stm32g0.FAMILY,
    stm32g4.FAMILY,
    stm32h7.FAMILY,
    stm32l4.FAMILY,
    stm32l5.FAMILY,
    stm32u5.FAMILY,
)
FAMILIES = {family.name: family for family in _ALL}


def family_of(board: Board) -> Family:
    """The board's family; raises ``BoardError`` for a family without a firmware port."""
    try:
        return FAMILIES[board.family]
    except KeyError:
        raise BoardError(
            f"board {board.name}: no firmware port for family {board.family!r}",
            remedy=f"known: {', '.join(sorted(FAMILIES))}",
        ) from None
