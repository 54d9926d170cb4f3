"""Checks of a board profile beyond the types of its keys, one small function each."""

from __future__ import annotations

import itertools
import re

from micronas.board.profile import Board, RegionKind

_CCM_WITHOUT_CODE = ("stm32f4",)
"""Families whose core cannot fetch instructions from CCM."""


def _check_regions_do_not_overlap(board: Board) -> list[str]:
    ordered = sorted(board.regions, key=lambda r: r.origin)
    return [
        f"regions {a.name} and {b.name} overlap" for a, b in itertools.pairwise(ordered) if a.end > b.origin
    ]


def _check_region_names_are_unique(board: Board) -> list[str]:
    names = [r.name for r in board.regions]
    return [f"region name {n!r} occurs twice" for n in sorted(set(names)) if names.count(n) > 1]


def _check_has_flash_and_sram(board: Board) -> list[str]:
    missing = [n for n in ("flash", "sram") if not any(r.name == n for r in board.regions)]
    return [f"no region named {n!r}" for n in missing]


def _check_arena_regions_are_ram(board: Board) -> list[str]:
    kinds = {r.name: r.kind for r in board.regions}
    names = board.arena_regions
    twice = [f"arena_regions: {n!r} occurs twice" for n in sorted(set(names)) if names.count(n) > 1]
    unknown = [f"arena_regions: {n!r} is not a region" for n in names if n not in kinds]
    others = [
        f"arena_regions: {n!r} is {kinds[n].value}, which cannot hold data"
        for n in names
        if n in kinds and not kinds[n].holds_data
    ]
    return [*twice, *unknown, *others]


def _check_code_memory_is_ram(board: Board) -> list[str]:
    memory, region = board.code_memory, board.code_region
    if memory is None:
        return []
    at = f"code_memory at {memory.in_regions:#010x}"
    if region is None or memory.in_regions + memory.length > region.end:
        return [f"{at}: its {memory.length} bytes are not within one of the regions; state data_origin"]
    if region.kind in (RegionKind.FLASH, RegionKind.BACKUP):
        return [f"{at} is in {region.name}, which is {region.kind.value}, not RAM for code"]
    if region.kind is RegionKind.CCM and board.family in _CCM_WITHOUT_CODE:
        reason = f"the CCM of an {board.family} is on the data bus only (RM0090 2.3.1)"
        return [f"{at} is in {region.name}: {reason}"]
    if region.name == "sram" and memory.in_regions < region.origin + board.stack_bytes:
        return [f"{at} overlaps the stack, which is at the start of sram"]
    return []


def _check_stack_fits(board: Board) -> list[str]:
    sram = next((r for r in board.regions if r.name == "sram"), None)
    if sram and board.stack_bytes >= sram.length:
        return [f"stack_bytes {board.stack_bytes} fills all of sram {sram.length}"]
    return []


def _check_stack_alignment(board: Board) -> list[str]:
    return [] if board.stack_bytes % 8 == 0 else ["stack_bytes must be a multiple of 8 (AAPCS)"]


_STM32_MACHINES = ("netduinoplus2", "netduino2", "stm32vldiscovery")
"""On QEMU, whose serial lines are USART1, USART2 and so on; a proxy machine has its own UART."""


def _check_the_machines_uart_is_the_boards(board: Board) -> list[str]:
    emulator, number = board.emulator, int(re.sub(r"\D", "", board.uart.name) or 0)
    if emulator is None or emulator.machine not in _STM32_MACHINES or emulator.uart_index == number - 1:
        return []
    return [
        f"emulator.uart_index {emulator.uart_index} selects another UART of {emulator.machine}: "
        f"{board.uart.name} is {number - 1} there"
    ]


CHECKS = (
    _check_region_names_are_unique,
    _check_regions_do_not_overlap,
    _check_has_flash_and_sram,
    _check_arena_regions_are_ram,
    _check_code_memory_is_ram,
    _check_stack_fits,
    _check_stack_alignment,
    _check_the_machines_uart_is_the_boards,
)
