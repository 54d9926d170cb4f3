"""Which compiler made an image, and with which flags: a part of every figure that the image gives."""

from __future__ import annotations

import configparser
from pathlib import Path

from elftools.elf.elffile import ELFFile

from micronas.board import Board
from micronas.build.project import FIRMWARE_DIR

_NOT_CODE = ("-I", "-W", "-Wl,")  # search paths, warnings and the linker's: no instruction depends on them


def compiler_of(elf: Path) -> str:
    """The compilers that the ELF names in its .comment, once each; empty where it has none."""
    with elf.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".comment")
        data = section.data() if section is not None else b""
    return "; ".join(dict.fromkeys(text for text in data.decode("ascii", "replace").split("\0") if text))


def code_flags(board: Board) -> tuple[str, ...]:
    """The flags that code generation depends on: the core's, then those of firmware/platformio.ini."""
    project = configparser.ConfigParser(interpolation=None)
    project.read(FIRMWARE_DIR / "platformio.ini", encoding="utf-8")
    flags = project["env"]["build_flags"].split()
    return (*board.core.compiler_flags, *(flag for flag in flags if not flag.startswith(_NOT_CODE)))
