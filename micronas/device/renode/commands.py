"""The monitor commands of a session, as Renode's tokenizer takes them.

A path is one token that begins with ``@`` and ends at a space, unless a backslash stands before it, or at a
semicolon, which nothing escapes.
"""

from __future__ import annotations

from pathlib import Path

from micronas.board import Board, RegionKind
from micronas.errors import DeviceError

TERMINAL = "uart_socket"


def path_token(path: Path) -> str:
    """``path`` as one token; raises ``DeviceError`` for one that Renode cannot be told."""
    text = str(path)
    if ";" in text or any(c.isspace() and c != " " for c in text):
        raise DeviceError(
            f"Renode cannot be told the path {text!r}: its commands end at ';', tab and newline",
            remedy="set TMPDIR to a folder without these",
        )
    return "@" + text.replace(" ", "\\ ")


def machine_commands(board: Board, platform: str, elf: str) -> list[str]:
    """Commands that make the machine and load the firmware; ``platform`` and ``elf`` are tokens.

    The vector table is named, at the start of the flash: Renode would take the ELF's first section for it,
    and one in a memory below the flash comes before that.
    """
    flash = next(region for region in board.regions if region.kind is RegionKind.FLASH)
    return [
        f'mach create "{board.name}"',
        f"machine LoadPlatformDescription {platform}",
        f"sysbus LoadELF {elf}",
        f"sysbus.cpu VectorTableOffset {flash.origin:#010x}",
    ]


def terminal_command(port: int) -> str:
    """The command that opens a socket for a UART: raw bytes, refused where the port is taken."""
    return f'emulation CreateServerSocketTerminal {port} "{TERMINAL}" false'


def connect_commands(board: Board) -> list[str]:
    """What remains before ``start``, the UART's socket being open."""
    return [
        "emulation SetGlobalAdvanceImmediately true",
        f"connector Connect sysbus.{board.uart.name} {TERMINAL}",
    ]
