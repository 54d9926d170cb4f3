"""Kernels in RAM, where the board has memory for code and the timing model says that it pays.

Flash keeps a copy, which the firmware copies at its start. All code that the network's kernels call is
moved, so that nothing in RAM calls what is in flash. The functions that bind ops to the arena stay in flash.
"""

from __future__ import annotations

from dataclasses import replace

from micronas.board import Board, CodeMemory, Core, MemoryRegion
from micronas.errors import BoardError
from micronas.latency.op_model import board_latency
from micronas.memory.codesize import code_units
from micronas.memory.ledger.budget import Budget, check
from micronas.memory.ledger.free_region import Item
from micronas.memory.ledger.items import Ledger, RamCode
from micronas.model.graph import Graph

LEAST_GAIN = 0.03
"""Share of the modelled cycles; where less is gained, code stays in flash and takes no SRAM."""

SECTION_ALIGNMENT = 8
_COPY_BYTES = 32
"""Of the firmware's start that copies the code."""
_VENEER_BYTES = {Core.M0PLUS: 16}
_LONG_VENEER_BYTES = 8
"""What the linker adds in flash for each function that is too far for a direct call."""


def with_ram_code(ledger: Ledger, graph: Graph, board: Board, limits: Budget) -> Ledger:
    """``ledger`` with its kernels in the board's memory for code, or, if that does not pay, as it is.

    Where it pays but has no room, a note says what is missing.
    """
    memory, region = board.code_memory, board.code_region
    if memory is None or region is None:
        return ledger
    found = _worthwhile(ledger, graph, board)
    if found is None:
        return ledger
    moved = _moved(ledger, board, region, found)
    reason = _no_room(ledger, memory, region, found)
    if not reason and not check(moved, limits).fits:
        reason = f"with {found.nbytes:,} bytes of it in RAM, the network exceeds its limits"
    if reason:
        return replace(ledger, notes=(*ledger.notes, f"the kernels' code stays in flash: {reason}"))
    return moved


def _worthwhile(ledger: Ledger, graph: Graph, board: Board) -> RamCode | None:
    """None if too little is gained, or if cycles or sizes are not known."""
    try:
        model = board_latency(board)
    except BoardError:
        return None
    from_flash, from_ram = (
        float(model.of(graph, ledger.lowered, trained=False, ram_code=placed).cycles or 0)
        for placed in (False, True)
    )
    if from_ram > (1.0 - LEAST_GAIN) * from_flash:
        return None
    units = code_units(board, frozenset(low.kernel for low in ledger.lowered))
    if units is None:
        return None
    return RamCode(sum(map(_padded, units.values())), tuple(units), from_ram, from_flash)


def _no_room(ledger: Ledger, memory: CodeMemory, region: MemoryRegion, code: RamCode) -> str:
    if code.nbytes > memory.length:
        over = code.nbytes - memory.length
        return f"its {code.nbytes:,} bytes are {over:,} more than code_memory's {memory.length:,}"
    used, below = ledger.region_bytes(region.name), memory.in_regions - region.origin
    if used > below:
        excess = f"{used - below:,} more than the {below:,} below code_memory"
        return f"the network uses {used:,} bytes of {region.name}, {excess}"
    return ""


def _moved(ledger: Ledger, board: Board, region: MemoryRegion, code: RamCode) -> Ledger:
    units = code_units(board, frozenset(low.kernel for low in ledger.lowered)) or {}
    kernels = len({low.kernel for low in ledger.lowered})
    added = _COPY_BYTES + kernels * _VENEER_BYTES.get(board.core, _LONG_VENEER_BYTES)
    flash: list[Item] = []
    for item in ledger.flash:
        if item.what == "code":
            flash.append(replace(item, nbytes=item.nbytes - sum(units.values()) + added))
            flash.append(Item("code for RAM", code.nbytes, "flash"))
        else:
            flash.append(item)
    sram = (*ledger.sram, Item("code", code.nbytes, region.name))
    return replace(ledger, flash=tuple(flash), sram=sram, ram_code=code)


def _padded(nbytes: int) -> int:
    return -(-nbytes // SECTION_ALIGNMENT) * SECTION_ALIGNMENT
