"""Checks at every build that predicted and linked sizes are equal to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from micronas.board import Board, RegionKind
from micronas.errors import BuildError
from micronas.firmware.elf import LinkedSizes


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
    require_equal(
        {
            "arena": (ledger.arena_bytes, linked.arena),
            "SRAM": (ledger.sram_bytes, linked.sram_bytes),
            "constants": (ledger.constant_bytes, linked.constants),
        },
        "the ledger and the linker disagree",
        remedy="this is a bug, unless the firmware was changed: then measure its code sizes again",
    )


class PredictedRegions(Protocol):
    """The figures of a ledger by memory region."""

    def region_bytes(self, name: str) -> int:
        """Bytes used of the region called ``name``."""
        ...


def assert_regions_match(ledger: PredictedRegions, board: Board, linked: Mapping[str, int]) -> None:
    """Raise ``BuildError`` with both figures unless every RAM region holds exactly the bytes of the ledger.

    ``linked`` are the bytes that the image uses of each region. Flash is an estimate because of the code, so
    it is not compared here.
    """
    names = [region.name for region in board.regions if region.kind is not RegionKind.FLASH]
    require_equal(
        {name: (ledger.region_bytes(name), linked[name]) for name in names},
        f"the ledger and the linker disagree on the memory regions of {board.name}",
        remedy="this is a bug: report it with the model and the board",
    )


def assert_same_network(board: LinkedSizes, twin: LinkedSizes) -> None:
    """Raise ``BuildError`` unless a board and its emulated twin have the same arena, stack and constants."""
    require_equal(
        {
            "arena": (board.arena, twin.arena),
            "stack": (board.stack, twin.stack),
            "constants": (board.constants, twin.constants),
        },
        "the emulated twin does not match the board's network",
        differ="{} bytes on the board, {} on its twin",
        remedy="results of the twin would not apply to the board; this is a bug: report it",
    )


def require_equal(
    pairs: Mapping[str, tuple[int, int]],
    complaint: str,
    *,
    remedy: str,
    differ: str = "predicted {} bytes, linked {}",
) -> None:
    """Raise ``BuildError`` that names each of ``pairs`` with two different figures."""
    wrong = [f"{what}: {differ.format(*pair)}" for what, pair in pairs.items() if pair[0] != pair[1]]
    if wrong:
        raise BuildError(f"{complaint}: {'; '.join(wrong)}", remedy=remedy)
