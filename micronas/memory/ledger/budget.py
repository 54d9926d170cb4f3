"""Checks whether a network fits; if not, which layer is too large, by how many bytes, and what would help."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.board import Board, RegionKind
from micronas.errors import plural
from micronas.memory.codesize import static_bytes
from micronas.memory.ledger.free_region import Item, free_banks, largest_free_region
from micronas.memory.ledger.items import Ledger, OpRow, RegionSize


@dataclass(frozen=True)
class Budget:
    """Bytes of flash and SRAM that a network may use, including firmware and stack."""

    flash_bytes: int
    sram_bytes: int


@dataclass(frozen=True)
class Verdict:
    """``reasons`` state what is over and why, ``remedies`` what would help; both are empty if it fits."""

    fits: bool
    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


def board_budget(board: Board) -> Budget:
    """The most that a network can use of the board: all flash, stack and statics, and the largest arena.

    If the arena can only be in ``sram``, as on most boards, that is all of ``sram``; if it can be split over
    separate memories, all of these.
    """
    flash_bytes = sum(r.length for r in board.regions if r.kind is RegionKind.FLASH)
    if set(board.arena_regions) == {"sram"}:
        return Budget(flash_bytes, board.sram_bytes)
    resident_bytes = board.stack_bytes + static_bytes(board)
    largest = sum(room.free_bytes for room in free_banks(board, resident_bytes))
    return Budget(flash_bytes, resident_bytes + largest)


def check(ledger: Ledger, budget: Budget) -> Verdict:
    """Compare totals with ``budget`` and each memory region with its size."""
    reasons: list[str] = []
    remedies: list[str] = []
    explained: set[str] = set()
    if (over := ledger.sram_bytes - budget.sram_bytes) > 0:
        reasons.append(_sram_reason(ledger, budget.sram_bytes))
        remedies.append(_sram_remedy(ledger, max(over, _arena_lacks(ledger))))
        explained |= {item.region for item in ledger.sram}
    if (over := ledger.flash_bytes - budget.flash_bytes) > 0:
        reasons.append(_flash_reason(ledger, budget.flash_bytes))
        remedies.append(_flash_remedy(ledger, over))
        explained |= {item.region for item in ledger.flash}
    for region in ledger.regions:
        if ledger.region_bytes(region.name) > region.length and region.name not in explained:
            reasons.append(_region_reason(ledger, region))
            remedies.append(_region_remedy(ledger, region))
    return Verdict(not reasons, tuple(reasons), tuple(remedies))


def _region_reason(ledger: Ledger, region: RegionSize) -> str:
    items = [item for item in (*ledger.flash, *ledger.sram) if item.region == region.name]
    used = _against(ledger.region_bytes(region.name), region.length)
    reason = f"region {region.name} of {ledger.board}: {used} ({', '.join(_item(i) for i in items)})"
    if not ledger.holds_arena(region.name) or not _no_room(ledger):
        return reason
    return f"{reason}{_no_room(ledger)}; {_peak(ledger)}"


def _region_remedy(ledger: Ledger, region: RegionSize) -> str:
    over = ledger.region_bytes(region.name) - region.length
    if ledger.holds_arena(region.name):
        return _sram_remedy(ledger, _arena_lacks(ledger) if ledger.no_split else over)
    if any(item.region == region.name for item in ledger.flash):
        return _flash_remedy(ledger, over)
    return f"stack and statics do not fit: lower stack_bytes of {ledger.board} by {over:,}"


def _arena_lacks(ledger: Ledger) -> int:
    """Bytes by which the arena exceeds the best memory, or the best set of separate memories. 0 or less if it
    fits.
    """
    if ledger.plan.banks:
        return 0
    over = ledger.arena_bytes - largest_free_region(ledger.rooms).free_bytes
    if ledger.no_split is None:
        return over
    return min(over, ledger.arena_bytes - ledger.plan.bound_bytes + ledger.no_split.over_bytes)


def _no_room(ledger: Ledger) -> str:
    """The missing bytes in each region that could hold the arena; empty if it fits one."""
    if _arena_lacks(ledger) <= 0:
        return ""
    lacks = (f"{ledger.arena_bytes - room.free_bytes:,} bytes over in {room.memory}" for room in ledger.rooms)
    whole = f"; the arena of {ledger.arena_bytes:,} bytes fits no region: {', '.join(lacks)}"
    return f"{whole}; {ledger.no_split}" if ledger.no_split else whole


def _against(used: int, limit: int) -> str:
    return f"{used:,} bytes of {limit:,}, {used - limit:,} over"


def _item(item: Item) -> str:
    return f"{item.what} {item.nbytes:,}"


def _sram_reason(ledger: Ledger, limit: int) -> str:
    items = ", ".join(f"{_item(item)} in {item.region}" for item in ledger.sram)
    return f"SRAM: {_against(ledger.sram_bytes, limit)} ({items}){_no_room(ledger)}; {_peak(ledger)}"


def _peak(ledger: Ledger) -> str:
    row = ledger.peak_op
    if row is None:
        return "the arena's peak is the graph's own inputs or outputs"
    scratch = f", {row.scratch_bytes:,} of them scratch" if row.scratch_bytes else ""
    return f"the arena's peak is at {row.title}: {row.live_bytes:,} bytes live{scratch}"


def _sram_remedy(ledger: Ledger, over: int) -> str:
    planned = ledger.plan.arena_bytes
    row, needed = ledger.peak_op, planned - over
    if needed <= 0:
        rest = ledger.sram_bytes - planned
        return (
            f"everything except the tensors already takes {rest:,} bytes: raise the SRAM budget well "
            f"above that"
        )
    if row is None:
        return f"feed smaller inputs: the arena can have at most {needed:,} bytes"
    above = [r for r in ledger.ops if r.live_bytes > needed]
    others = f" (and of {plural(len(above) - 1, 'more op')} above that)" if len(above) > 1 else ""
    share = 100 * needed // row.live_bytes
    return (
        f"bring op #{row.index}{others} to {needed:,} live bytes, {share} % of now: "
        "fewer channels around it, a stride before it, or a smaller input"
    )


def _flash_reason(ledger: Ledger, limit: int) -> str:
    items = ", ".join(_item(item) for item in ledger.flash)
    row = _heaviest(ledger)
    return (
        f"flash: {_against(ledger.flash_bytes, limit)} ({items}); "
        f"most constants are at {row.title}: {row.constant_bytes:,} bytes"
    )


def _flash_remedy(ledger: Ledger, over: int) -> str:
    fixed = ledger.flash_bytes - ledger.constant_bytes
    if over >= ledger.constant_bytes:
        return f"the firmware's code alone takes {fixed:,} bytes: raise the flash budget well above that"
    row = _heaviest(ledger)
    if row.kind == "FULLY_CONNECTED" and row.constant_bytes >= over:
        return f"feed op #{row.index} fewer values: pool (globally) before it, or narrow it"
    return (
        f"save {over:,} of {ledger.constant_bytes:,} bytes of constants: narrower layers around "
        f"op #{row.index} (weights go with the square of the width), or separable convolutions"
    )


def _heaviest(ledger: Ledger) -> OpRow:
    return max(ledger.ops, key=lambda row: row.constant_bytes)
