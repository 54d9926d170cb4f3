"""Input sections of a linked image and the references between them, from the linker's map and relocations.

The linker keeps or drops code by input section, so sections, not functions, are what a kernel costs: literal
pools and padding inside of a section are part of it, and hand-written library code needs no symbol sizes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

# " .text.name  0xADDRESS  0xSIZE  file"; after a long name the rest is on a line of its own
_INPUT = re.compile(r"^ (\.[\w.$]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.M)
_OUTPUT = re.compile(r"^(\.[\w.]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)", re.M)
_ABS32, _THM_CALL, _THM_JUMP24, _THM_MOVW, _THM_MOVT, _TARGET1 = 2, 10, 30, 47, 48, 38
_BY_SYMBOL = (_THM_CALL, _THM_JUMP24, _THM_MOVW)
_PADDED_TO = 4


@dataclass(frozen=True)
class Unit:
    """One input section: ``name`` is section and object file, ``bytes`` its size rounded up to words."""

    name: str
    address: int
    bytes: int
    output: str


def read_units(map_file: Path) -> list[Unit]:
    """All input sections with content, by address."""
    text = map_file.read_text(encoding="utf-8").split("Linker script and memory map")[1]
    text = re.sub(r"^( \.[\w.$]+)\n\s+", r"\1 ", text, flags=re.M)
    outputs = [(int(m[2], 16), int(m[3], 16), m[1]) for m in _OUTPUT.finditer(text)]
    units = []
    for match in _INPUT.finditer(text):
        address, size = int(match[2], 16), int(match[3], 16)
        output = next((name for start, length, name in outputs if start <= address < start + length), "")
        if size and output in (".code", ".rodata", ".constants"):
            padded = -(-size // _PADDED_TO) * _PADDED_TO
            name = f"{match[1]} {_object_name(match[4])}"
            units.append(Unit(name, address, padded, output))
    return sorted(units, key=lambda unit: unit.address)


def read_references(elf_file: Path, units: list[Unit]) -> dict[str, set[str]]:
    """Unit -> units it refers to; the image must have been linked with ``--emit-relocs``."""
    starts = [unit.address for unit in units]
    references: dict[str, set[str]] = {unit.name: set() for unit in units}
    with elf_file.open("rb") as stream:
        elf = ELFFile(stream)
        for section in elf.iter_sections():
            if not isinstance(section, RelocationSection) or section.name.startswith(".rel.debug"):
                continue
            symbols = elf.get_section(section["sh_link"])
            content = elf.get_section(section["sh_info"])
            for relocation in section.iter_relocations():
                source = _unit_at(relocation["r_offset"], units, starts)
                target = _unit_at(_target(relocation, symbols, content), units, starts)
                if source and target and source != target:
                    references[source.name].add(target.name)
    return references


def reachable(roots: set[str], references: dict[str, set[str]]) -> set[str]:
    """Every unit that ``roots`` need, themselves included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references[name]
    return found


def _target(relocation, symbols, content) -> int:  # type: ignore[no-untyped-def]
    kind = relocation["r_info_type"]
    if kind in (_ABS32, _TARGET1):  # linked: the word is the address
        at = relocation["r_offset"] - content["sh_addr"]
        return int.from_bytes(content.data()[at : at + 4], "little")
    symbol = symbols.get_symbol(relocation["r_info_sym"])
    if kind == _THM_MOVT or (kind in _BY_SYMBOL and symbol["st_info"]["type"] != "STT_SECTION"):
        return int(symbol["st_value"])
    if kind == 40:  # R_ARM_V4BX marks an instruction, it refers to nothing
        return 0
    raise ValueError(f"relocation type {kind} against {symbol.name!r} is not understood")


def _unit_at(address: int, units: list[Unit], starts: list[int]) -> Unit | None:
    index = bisect_right(starts, address) - 1
    if index < 0 or address >= units[index].address + units[index].bytes:
        return None
    return units[index]


def _object_name(path: str) -> str:
    member = re.search(r"\(([^)]+)\)$", path)
    return member[1] if member else Path(path).name
