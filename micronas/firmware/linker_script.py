"""The linker script of a board, from its memory regions.

SRAM holds, from its start: stack, .data and .bss together rounded to 16 bytes, and the arena unless it has
its own region. Adjacent regions used by one arena are one memory here, which then holds all of this. If the
arena is split over separate memories, each holds a bank, which is a separate section. There is no gap, so the
linked size is stack + static + arena to the byte. The generated sources, in model/, have no statics except
the arena. The stack comes first so that its overflow leaves the memory and faults. Flash holds vectors and
code, then the network's constants sorted by alignment, then the rest.
"""

from __future__ import annotations

from micronas.board import Board, MemoryRegion, RegionKind
from micronas.board.arena_location import IN_SRAM, ArenaLocation, as_one, regions_of
from micronas.codegen.arena import bank_section
from micronas.errors import BoardError
from micronas.firmware.elf import ARENA_SECTION, CODE_SECTION

ARENA_ALIGNMENT = 16

_SECTIONS = """
ENTRY(mn_reset)

SECTIONS
{{
{ram_code}    .code : ALIGN(8)
    {{
        KEEP(*(.isr_vector))
        *(.text .text.*)
        . = ALIGN(8);
    }} > {flash}

    .constants : ALIGN(8)
    {{
        *(SORT_BY_ALIGNMENT(.rodata.mn_model_*))
    }} > {flash}

    .rodata : ALIGN(8)
    {{
        *(SORT_BY_ALIGNMENT(.rodata*))
        . = ALIGN(8);
    }} > {flash}

    .stack (NOLOAD) : ALIGN(16)
    {{
        mn_ld_stack_start = .;
        . = . + {stack_bytes};
        mn_ld_stack_end = .;
    }} > {ram}

    .data : ALIGN(16)
    {{
        mn_ld_static_start = .;
        mn_ld_data_start = .;
        *(.data .data.*)
        . = ALIGN(4);
        mn_ld_data_end = .;
    }} > {ram} AT > {flash}
    mn_ld_data_load = LOADADDR(.data);

    .bss (NOLOAD) :
    {{
        mn_ld_bss_start = .;
        *(.bss EXCLUDE_FILE(*/model/*) .bss.* COMMON)
        . = ALIGN(16);
        mn_ld_bss_end = .;
        mn_ld_static_end = .;
    }} > {ram}

{arena}
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .comment) }}
}}
"""

_ARENA = """\
    {name} (NOLOAD) : ALIGN(16)
    {{
        *({input})
    }} > {memory}
"""


_CODE = """\
    .vectors : ALIGN(8)
    {{
        KEEP(*(.isr_vector))
    }} > {flash}

    {name} : SUBALIGN(8)
    {{
        mn_ld_code_start = .;
{sections}
        . = ALIGN(8);
        mn_ld_code_end = .;
    }} > {memory} AT > {flash}
    mn_ld_code_load = LOADADDR({name});

"""
_CODE_MEMORY = "code_memory"


def linker_script(board: Board, arena_location: ArenaLocation = IN_SRAM, ram_code: str = "") -> str:
    """Text of ``linker.ld`` for ``board`` with the arena in ``arena_location``.

    ``ram_code`` names the input sections that the board's ``code_memory`` holds; flash has a copy of them.
    Raises ``BoardError`` if the board has no such region, or no memory for code.
    """
    banks = [as_one(board, memory) for memory in arena_location.memories]
    merged = {
        region.name: bank
        for bank, memory in zip(banks, arena_location.memories, strict=True)
        for region in regions_of(board, memory)
    }
    memories = [merged.get(region.name, region) for region in board.regions]
    kept = [m for m, r in zip(memories, board.regions, strict=True) if m.origin == r.origin]
    lines = [_memory_line(m) for m in (_beside_code(board, kept) if ram_code else kept)]
    flash = next(r for r in board.regions if r.kind is RegionKind.FLASH)
    sections = _SECTIONS.format(
        flash=flash.name,
        stack_bytes=board.stack_bytes,
        ram=merged["sram"].name if "sram" in merged else "sram",
        arena="\n".join(_arena_section(number, bank) for number, bank in enumerate(banks)),
        ram_code=_code_section(ram_code, flash) if ram_code else "",
    )
    memory = "\n".join(lines)
    return f"/* {board.title}: generated from its profile. */\nMEMORY\n{{\n{memory}\n}}\n{sections}"


def _beside_code(board: Board, memories: list[MemoryRegion]) -> list[MemoryRegion]:
    """``memories`` and that of code: what holds its bytes ends where it begins."""
    code = board.code_memory
    if code is None:
        raise BoardError(f"board {board.name}: no code_memory", remedy="state it in the profile")
    found = []
    for memory in memories:
        if memory.origin < code.in_regions < memory.end:
            memory = memory.model_copy(update={"length": code.in_regions - memory.origin})
        if memory.origin != code.in_regions:
            found.append(memory)
    ram = {"name": _CODE_MEMORY, "kind": RegionKind.SRAM, "origin": code.origin, "length": code.length}
    return [*found, MemoryRegion.model_validate(ram)]


def _code_section(ram_code: str, flash: MemoryRegion) -> str:
    return _CODE.format(name=CODE_SECTION, sections=ram_code, memory=_CODE_MEMORY, flash=flash.name)


def _arena_section(number: int, bank: MemoryRegion) -> str:
    name = f"{ARENA_SECTION}_{number}" if number else ARENA_SECTION
    return _ARENA.format(name=name, input=bank_section(number), memory=bank.name)


def _memory_line(region: MemoryRegion) -> str:
    access = "rx" if region.kind is RegionKind.FLASH else "rwx"
    return f"    {region.name} ({access}) : ORIGIN = {region.origin:#010x}, LENGTH = {region.length}"
