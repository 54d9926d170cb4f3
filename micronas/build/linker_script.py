"""The linker script of a board, from its memory regions.

SRAM holds, from its start: stack, .data and .bss together rounded to 16 bytes, and the arena where that has
no region to itself. Regions that an arena lies over are one memory here, which then holds all this. There is
no gap, so what is linked is stack + static + arena to the byte. The generated sources, in model/, own no
static but the arena. The stack comes first so that its overflow leaves the memory and faults. Flash holds
vectors and code, then the network's constants sorted by alignment, then the rest.
"""

from __future__ import annotations

from micronas.board import Board, Region, RegionKind
from micronas.board.arena_place import as_one, regions_of

ARENA_ALIGNMENT = 16

_SECTIONS = """
ENTRY(mn_reset)

SECTIONS
{{
    .code : ALIGN(8)
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

    .arena (NOLOAD) : ALIGN(16)
    {{
        *(.bss.mn_arena)
    }} > {arena}

    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .comment) }}
}}
"""


def linker_script(board: Board, arena_region: str = "sram") -> str:
    """Text of ``linker.ld`` for ``board`` with the arena in ``arena_region`` (see ``arena_place``).

    Raises ``BoardError`` when the board has no such region.
    """
    joined, arena = regions_of(board, arena_region), as_one(board, arena_region)
    flash = next(r for r in board.regions if r.kind is RegionKind.FLASH)
    memory = "\n".join(
        f"    {_memory_line(arena if region in joined else region)}"
        for region in board.regions
        if region not in joined[1:]
    )
    ram = arena.name if any(region.name == "sram" for region in joined) else "sram"
    sections = _SECTIONS.format(flash=flash.name, stack_bytes=board.stack_bytes, ram=ram, arena=arena.name)
    return f"/* {board.title}: generated from its profile. */\nMEMORY\n{{\n{memory}\n}}\n{sections}"


def _memory_line(region: Region) -> str:
    access = "rx" if region.kind is RegionKind.FLASH else "rwx"
    return f"{region.name} ({access}) : ORIGIN = {region.origin:#010x}, LENGTH = {region.length}"
