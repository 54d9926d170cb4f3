"""Compiler and flags of an image, which are part of every figure measured with it."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from micronas.board import Board
from micronas.host.resources import resource

_LIBGCC = re.compile(r"/arm-none-eabi/([0-9.]+)/")
_NOT_CODE = ("-I", "-W", "-Wl,")  # search paths, warnings and linker flags, on which no instruction depends


def compiler_of(map_file: Path) -> str:
    """For example ``GCC 12.2.1``: the compiler whose libgcc the linker's map names, or an empty string."""
    found = _LIBGCC.search(map_file.read_text(encoding="utf-8", errors="replace"))
    return f"GCC {found[1]}" if found else ""


def code_flags(board: Board) -> tuple[str, ...]:
    """The flags that affect code generation: the core's, then those of firmware/platformio.ini."""
    project = configparser.ConfigParser(interpolation=None)
    project.read(resource("firmware") / "platformio.ini", encoding="utf-8")
    flags = project["env"]["build_flags"].split()
    return (*board.core.compiler_flags, *(flag for flag in flags if not flag.startswith(_NOT_CODE)))
