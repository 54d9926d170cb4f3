"""Predicted = linked, to the byte, at every build."""

from __future__ import annotations

from typing import Protocol

from micronas.build.elf import LinkedSizes
from micronas.errors import BuildError


class Predicted(Protocol):
    """The figures of a ledger that the linker must confirm."""

    @property
    def arena_bytes(self) -> int:
        """Planned arena."""
        ...

    @property
    def sram_bytes(self) -> int:
        """Arena, statics and stack."""
        ...

    @property
    def constant_bytes(self) -> int:
        """The network's constants."""
        ...


def assert_ledger_matches(ledger: Predicted, linked: LinkedSizes) -> None:
    """Raise ``BuildError`` with both figures unless arena, SRAM and constants agree exactly."""
    pairs = {
        "arena": (ledger.arena_bytes, linked.arena),
        "SRAM": (ledger.sram_bytes, linked.sram_bytes),
        "constants": (ledger.constant_bytes, linked.constants),
    }
    wrong = [f"{what}: predicted {a} bytes, linked {b}" for what, (a, b) in pairs.items() if a != b]
    if wrong:
        raise BuildError(
            "the ledger and the linker disagree: " + "; ".join(wrong),
            remedy="after a change of firmware/ run tools/measure_code_size.py; otherwise this is a bug",
        )


def assert_same_network(board: LinkedSizes, twin: LinkedSizes) -> None:
    """Raise ``BuildError`` unless a board and its emulated twin hold the same arena, stack and constants."""
    pairs = {
        "arena": (board.arena, twin.arena),
        "stack": (board.stack, twin.stack),
        "constants": (board.constants, twin.constants),
    }
    wrong = [f"{what}: {a} bytes on the board, {b} on its twin" for what, (a, b) in pairs.items() if a != b]
    if wrong:
        raise BuildError(
            "the emulated twin does not hold the board's network: " + "; ".join(wrong),
            remedy="what the twin runs would say nothing about the board; this is a bug, report it",
        )
