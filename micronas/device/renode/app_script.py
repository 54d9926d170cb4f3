"""Files that run a user's own application in Renode: platform, script, and a test of its output."""

from __future__ import annotations

import shutil
from pathlib import Path

from micronas.board import Board
from micronas.device.renode.additions import Additions
from micronas.device.renode.platform import platform_text
from micronas.device.renode.robot import cell, suite
from micronas.device.renode.script import script_text
from micronas.errors import ConfigError

WAIT_S = 60
ROBOT = "application.robot"
_ELF = b"\x7fELF"


def require_elf(path: Path) -> None:
    """Raise ``ConfigError`` unless ``path`` is an ELF file."""
    if not path.is_file():
        raise ConfigError(f"--app {path}: file not found", remedy="pass the application's ELF file")
    with path.open("rb") as file:
        if file.read(len(_ELF)) != _ELF:
            raise ConfigError(
                f"--app {path}: is not an ELF file", remedy="pass the ELF file, not the .bin or .hex file"
            )


def write_app_scripts(
    folder: Path, board: Board, application: Path, expected: str, additions: Additions
) -> list[Path]:
    """Write all files into ``folder``, and return their paths; a line on the UART must contain
    ``expected``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "board.repl": platform_text(board) + additions.platform_text(),
        "board.resc": script_text(board, additions.script_lines(folder)),
        ROBOT: robot_text(board, expected),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copyfile(application, folder / "firmware.elf")
    return [*(folder / name for name in (*texts, "firmware.elf")), *additions.write(folder)]


def robot_text(board: Board, expected: str) -> str:
    """The test: starts the application and waits for the line; the timeout is in seconds of emulated time."""
    steps = (
        "Execute Script    ${CURDIR}/board.resc",
        f"Create Terminal Tester    sysbus.{board.uart.name}    timeout={WAIT_S}",
        "Start Emulation",
        f"Wait For Line On Uart    {cell(expected)}",
    )
    return suite((), "The Application Says What Is Expected", steps)
