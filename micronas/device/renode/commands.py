"""The monitor commands of a session, in the syntax of Renode's tokenizer.

A path is one token that begins with ``@``. It ends at a space without a backslash before it, or at a
semicolon, which cannot be escaped.
"""

from __future__ import annotations

from pathlib import Path

from micronas.board import Board, RegionKind
from micronas.errors import DeviceError

TERMINAL = "uart_socket"


def path_token(path: Path) -> str:
    """``path`` as one token; raises ``DeviceError`` if Renode cannot parse it."""
    text = str(path)
    if ";" in text or any(c.isspace() and c != " " for c in text):
        raise DeviceError(
            f"Renode cannot open the path {text!r}: ';', tabs and newlines end its commands",
            remedy="set TMPDIR to a folder without these characters",
        )
    return "@" + text.replace(" ", "\\ ")


def machine_commands(board: Board, platform: str, elf: str) -> list[str]:
    """Commands that make the machine and load the firmware; ``platform`` and ``elf`` are tokens.

    The vector table is set to the start of the flash. By default Renode uses the ELF's first section, which
    may lie in a memory below the flash.
    """
    flash = next(region for region in board.regions if region.kind is RegionKind.FLASH)
    return [
        f'mach create "{board.name}"',
        f"machine LoadPlatformDescription {platform}",
        f"sysbus LoadELF {elf}",
        f"sysbus.cpu VectorTableOffset {flash.origin:#010x}",
    ]


def terminal_command(port: int) -> str:
    """The command that opens a socket for a UART (raw bytes); it fails if the port is in use."""
    return f'emulation CreateServerSocketTerminal {port} "{TERMINAL}" false'


def connect_commands(board: Board) -> list[str]:
    """The commands before ``start``, once the UART's socket is open."""
    return [
        "emulation SetGlobalAdvanceImmediately true",
        f"connector Connect sysbus.{board.uart.name} {TERMINAL}",
    ]
