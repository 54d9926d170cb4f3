"""Arena locations by their text, for tests alone: the package itself never reads it."""

from __future__ import annotations

from micronas.board.arena_location import ArenaLocation, ArenaMemory


def memory(text: str) -> ArenaMemory:
    """``dtcm+sram``: two regions as one."""
    return ArenaMemory(tuple(text.split("+")))


def located(text: str) -> ArenaLocation:
    """``ccm|sram``: over two memories apart."""
    return ArenaLocation(tuple(memory(part) for part in text.split("|")))
