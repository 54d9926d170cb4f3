"""Input sections of a linked image and the references between them, from the linker's map and relocations.

The linker keeps or drops code by input section, so sections, not functions, are what a kernel costs: literal
pools and padding inside a section are part of it, and assembly library code needs no symbol sizes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

# " .text.name  0xADDRESS  0xSIZE  file"; after a long name, the rest is on a separate line
_INPUT = re.compile(r"^ (\.[\w.$]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.M)
_OUTPUT = re.compile(r"^(\.[\w.]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)", re.M)
_ABS32, _THM_CALL, _THM_JUMP24, _THM_MOVW, _THM_MOVT, _TARGET1, _V4BX = 2, 10, 30, 47, 48, 38, 40
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
            for at, address in _addresses(section, elf):
                source, target = _unit_at(at, units, starts), _unit_at(address, units, starts)
                if source and target and source != target:
                    references[source.name].add(target.name)
    return references


def reachable(roots: set[str], references: dict[str, set[str]]) -> set[str]:
    """Every unit that ``roots`` need, including themselves."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references[name]
    return found


def _addresses(section: RelocationSection, elf: ELFFile) -> Iterator[tuple[int, int]]:
    """The position of each relocation, and the address to which it refers.

    The image is linked: words and MOVW/MOVT pairs hold the address itself. Their symbols do not show it,
    because a const table is often named after its final section. MOVT keeps the half that MOVW loaded in its
    register, so the two halves are matched by register.
    """
    symbols, content = elf.get_section(section["sh_link"]), elf.get_section(section["sh_info"])
    data, low = content.data(), dict[int, int]()
    for relocation in section.iter_relocations():
        kind, at = relocation["r_info_type"], relocation["r_offset"]
        code = data[at - content["sh_addr"] : at - content["sh_addr"] + 4]
        symbol = symbols.get_symbol(relocation["r_info_sym"])
        if kind in (_ABS32, _TARGET1):
            yield at, int.from_bytes(code, "little")
        elif kind == _THM_MOVW:
            register, half = move_immediate(code)
            low[register] = half
        elif kind == _THM_MOVT:
            register, half = move_immediate(code)
            yield at, half << 16 | low[register]
        elif kind in (_THM_CALL, _THM_JUMP24) and symbol["st_info"]["type"] != "STT_SECTION":
            yield at, int(symbol["st_value"])
        elif kind != _V4BX:
            raise ValueError(f"relocation type {kind} against {symbol.name!r} is not understood")


def move_immediate(code: bytes) -> tuple[int, int]:
    """Register and 16-bit immediate of MOVW or MOVT (Armv7-M ARM, A7.7.76 T3 and A7.7.79 T1).

    >>> move_immediate(bytes.fromhex("41f23402"))  # movw r2, #0x1034
    (2, 4148)
    """
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    immediate = (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
    return second >> 8 & 0xF, immediate


def _unit_at(address: int, units: list[Unit], starts: list[int]) -> Unit | None:
    index = bisect_right(starts, address) - 1
    if index < 0 or address >= units[index].address + units[index].bytes:
        return None
    return units[index]


def _object_name(path: str) -> str:
    member = re.search(r"\(([^)]+)\)$", path)
    return member[1] if member else Path(path).name
