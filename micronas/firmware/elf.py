"""The linked image: sizes of the sections and symbols of firmware.elf."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board
from micronas.errors import BuildError

MODEL_PREFIX = "mn_model_"
ARENA_SECTION = ".arena"
"""Prefix of the sections that hold the arena or its banks."""

CODE_SECTION = ".ram_code"
"""Section of the kernels that run from RAM. Flash has a copy, which is counted as code."""
_VECTORS = ".vectors"
"""The vectors, where they are not in ``.code``."""

_MAGIC = b"\x7fELF\x01\x01"
"""An ELF32 file with its lowest byte first."""
_SECTION = struct.Struct("<IIIIIIIIII")
"""ELF32: name, type, flags, address, offset, size, link, info, alignment, entry size."""
_SYMBOL_TABLE, _NO_BITS, _ALLOCATED = 2, 8, 2
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
    ``ram_code`` are the bytes of code that RAM holds, too.
    """

    arena: int
    static: int
    stack: int
    constants: int
    code: int
    rodata: int
    ram_code: int = 0

    @property
    def sram_bytes(self) -> int:
        """All RAM, the arena's region included."""
        return self.arena + self.static + self.stack + self.ram_code

    @property
    def flash_bytes(self) -> int:
        """All flash."""
        return self.constants + self.code + self.rodata


def read_image(path: Path) -> ElfImage:
    """Sections and symbols of the ELF file at ``path``; raises ``BuildError`` if it is not a linked image.

    Without pyelftools, which takes 20 ms for a firmware's 60 sections and 400 symbols, in every trial.
    """
    data = path.read_bytes()
    try:
        headers = _section_headers(data)
        table = next(header for header in headers if header.kind == _SYMBOL_TABLE)
        strings = headers[table.link]
        names = [header.name for header in headers]
        symbols = _symbols(data[table.start : table.end], data[strings.start : strings.end], names)
    except (struct.error, IndexError, ValueError, StopIteration) as error:
        raise BuildError(f"{path.name} is not a linked 32-bit ELF file") from error
    sections = tuple(
        Section(h.name, h.address, h.size, h.kind != _NO_BITS) for h in headers if h.flags & _ALLOCATED
    )
    return ElfImage(path, sections, symbols)


@dataclass(frozen=True)
class _Header:
    name: str
    kind: int
    flags: int
    address: int
    start: int
    size: int
    link: int

    @property
    def end(self) -> int:
        return self.start + self.size


def _section_headers(data: bytes) -> list[_Header]:
    """All sections of an ELF32 file, the first of them empty (System V ABI, "Sections")."""
    if not data.startswith(_MAGIC):
        raise ValueError("not a little-endian ELF32 file")
    (table,) = struct.unpack_from("<I", data, 0x20)
    entry_bytes, count, names_at = struct.unpack_from("<HHH", data, 0x2E)
    rows = [_SECTION.unpack_from(data, table + i * entry_bytes) for i in range(count)]
    names = rows[names_at][4]
    return [
        _Header(_text(data, names + name), kind, flags, address, start, size, link)
        for name, kind, flags, address, start, size, link, *_ in rows
    ]


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()


def _symbols(table: bytes, strings: bytes, sections: Sequence[str]) -> tuple[Symbol, ...]:
    """The functions and objects of a symbol table."""
    found = []
    for name, address, size, info, _, section in _SYMBOL.iter_unpack(table):
        kind = _KINDS.get(info & 15)
        if kind is not None and 0 < section < _SPECIAL_SECTIONS:
            found.append(Symbol(_text(strings, name), kind, address, size, sections[section]))
    return tuple(found)


def linked_sizes(image: ElfImage) -> LinkedSizes:
    """The image's bytes in the ledger's terms."""
    constants = sum(s.size for s in image.symbols if _is_model_constant(s))
    flash = sum(s.size for s in image.sections if s.in_flash)
    ram_code = image.section_bytes(CODE_SECTION)
    code = image.section_bytes(".code") + image.section_bytes(_VECTORS) + ram_code
    return LinkedSizes(
        arena=sum(s.size for s in image.sections if s.name.startswith(ARENA_SECTION)),
        static=image.section_bytes(".data") + image.section_bytes(".bss"),
        stack=image.section_bytes(".stack"),
        constants=constants,
        code=code,
        rodata=flash - code - constants,
        ram_code=ram_code,
    )


def region_bytes(image: ElfImage, board: Board) -> dict[str, int]:
    """Bytes used of each region of the board, from its origin to the end of its last section.

    A section that extends into the next region counts in each for the bytes there. The code that runs from
    RAM adds to the region of the board's ``code_memory``.
    """
    used = dict.fromkeys((r.name for r in board.regions), 0)
    for region in board.regions:
        ends = [
            min(s.address + s.size, region.end)
            for s in image.sections
            if s.size
            and s.name != CODE_SECTION
            and s.address < region.end
            and s.address + s.size > region.origin
        ]
        used[region.name] = max(ends, default=region.origin) - region.origin
    if board.code_region is not None:
        used[board.code_region.name] += image.section_bytes(CODE_SECTION)
    return used


def _is_model_constant(symbol: Symbol) -> bool:
    return symbol.kind == "STT_OBJECT" and symbol.name.startswith(MODEL_PREFIX)
