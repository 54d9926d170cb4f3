"""The linked image: sizes of the sections and symbols of firmware.elf."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from micronas.board import Board
from micronas.errors import BuildError

MODEL_PREFIX = "mn_model_"
ARENA_SECTION = ".arena"
"""Prefix of the sections that hold the arena or its banks."""

_SYMBOL = struct.Struct("<IIIBBH")
"""ELF32: name, value, size, info, other, section (System V ABI, "Symbol Table")."""
_KINDS = {1: "STT_OBJECT", 2: "STT_FUNC"}
_SPECIAL_SECTIONS = 0xFF00
"""From here on, a section number means something else (absolute, common); 0 is undefined."""


@dataclass(frozen=True)
class Symbol:
    """A function or object of the image."""

    name: str
    kind: str
    address: int
    size: int
    section: str


@dataclass(frozen=True)
class Section:
    """An allocated section: its address and its load address."""

    name: str
    address: int
    size: int
    in_flash: bool


@dataclass(frozen=True)
class ElfImage:
    """Sections and symbols of an ELF file."""

    path: Path
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]

    def section_bytes(self, name: str) -> int:
        """Bytes of a section, 0 if the image has none of that name."""
        return sum(s.size for s in self.sections if s.name == name)

    def symbol(self, name: str) -> Symbol:
        """The symbol called ``name``; raises ``BuildError`` if the image has none."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol
        raise BuildError(f"{self.path.name}: no symbol {name!r}")

    def symbol_at(self, address: int) -> str:
        """Name of the function that holds ``address`` (a fault's program counter), or the address in hex."""
        for symbol in self.symbols:
            if (
                symbol.kind == "STT_FUNC"
                and symbol.address & ~1 <= address < (symbol.address & ~1) + symbol.size
            ):
                return symbol.name
        return f"{address:#010x}"


@dataclass(frozen=True)
class LinkedSizes:
    """Linked bytes in the ledger's terms.

    ``constants`` are the network's const objects without padding; ``code`` is vectors and functions;
    ``rodata`` is all other flash: const data of firmware and kernels, initial values, padding.
    """

    arena: int
    static: int
    stack: int
    constants: int
    code: int
    rodata: int

    @property
    def sram_bytes(self) -> int:
        """All RAM, the arena's region included."""
        return self.arena + self.static + self.stack

    @property
    def flash_bytes(self) -> int:
        """All flash."""
        return self.constants + self.code + self.rodata


def read_image(path: Path) -> ElfImage:
    """Sections and symbols of the ELF file at ``path``."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        names = [section.name for section in elf.iter_sections()]
        sections = tuple(
            Section(s.name, s["sh_addr"], s["sh_size"], s["sh_type"] != "SHT_NOBITS")
            for s in elf.iter_sections()
            if s["sh_flags"] & 2
        )
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = _symbols(table.data(), table.stringtable.data(), names)
    return ElfImage(path, sections, symbols)


def _symbols(table: bytes, strings: bytes, sections: Sequence[str]) -> tuple[Symbol, ...]:
    """The functions and objects of a symbol table.

    Without pyelftools, which takes 15 ms for the 400 symbols of a firmware, in every trial.
    """
    found = []
    for name, address, size, info, _, section in _SYMBOL.iter_unpack(table):
        kind = _KINDS.get(info & 15)
        if kind is not None and 0 < section < _SPECIAL_SECTIONS:
            text = strings[name : strings.index(b"\0", name)].decode()
            found.append(Symbol(text, kind, address, size, sections[section]))
    return tuple(found)


def linked_sizes(image: ElfImage) -> LinkedSizes:
    """The image's bytes in the ledger's terms."""
    constants = sum(s.size for s in image.symbols if _is_model_constant(s))
    flash = sum(s.size for s in image.sections if s.in_flash)
    code = image.section_bytes(".code")
    return LinkedSizes(
        arena=sum(s.size for s in image.sections if s.name.startswith(ARENA_SECTION)),
        static=image.section_bytes(".data") + image.section_bytes(".bss"),
        stack=image.section_bytes(".stack"),
        constants=constants,
        code=code,
        rodata=flash - code - constants,
    )


def region_bytes(image: ElfImage, board: Board) -> dict[str, int]:
    """Bytes used of each region of the board, from its origin to the end of its last section.

    A section that extends into the next region counts in each for the bytes there.
    """
    used = dict.fromkeys((r.name for r in board.regions), 0)
    for region in board.regions:
        ends = [
            min(s.address + s.size, region.end)
            for s in image.sections
            if s.size and s.address < region.end and s.address + s.size > region.origin
        ]
        used[region.name] = max(ends, default=region.origin) - region.origin
    return used


def _is_model_constant(symbol: Symbol) -> bool:
    return symbol.kind == "STT_OBJECT" and symbol.name.startswith(MODEL_PREFIX)
