"""The ledger of the plan that a preference asks for, and of the fastest one that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from micronas.board import Board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.errors import BoardError
from micronas.latency.op_model import board_latency
from micronas.memory.codesize import FirmwareSize
from micronas.memory.ledger.assemble import op_by_op_ledger
from micronas.memory.ledger.budget import Budget, board_budget, check
from micronas.memory.ledger.by_rows import (
    LedgersByRows,
    constants_exceed,
    most_arena_bytes,
    too_long_for_rows,
)
from micronas.memory.ledger.items import Ledger
from micronas.memory.ledger.less_scratch import fast_where_possible, with_less_scratch
from micronas.memory.ledger.lower_bound import exceeds_lower_bound
from micronas.memory.ledger.ram_code import with_ram_code
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan.free_scratch import TOLERANCE
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.model.graph import Graph


@dataclass(frozen=True)
class _Options:
    """See ``make_ledger``."""

    sizes: FirmwareSize | None
    enough: Budget | None
    within: Budget | None
    prefer: Prefer


def chosen_ledger(
    graph: Graph,
    board: Board,
    sizes: FirmwareSize | None,
    enough: Budget | None,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    """The ledger of the plan that ``prefer`` asks for; the arguments are those of ``make_ledger``."""
    options = _Options(sizes, enough, within, prefer)
    limits = _tighter(board_budget(board), within)
    if prefer is Prefer.LATENCY and sizes is None:
        return with_ram_code(_chosen(graph, board, limits, options), graph, board, limits)
    return _chosen(graph, board, limits, options)


def _chosen(graph: Graph, board: Board, limits: Budget, options: _Options) -> Ledger:
    sizes, within, prefer = options.sizes, options.within, options.prefer
    if prefer is Prefer.AUTO:
        ledger = _fastest_that_fits(graph, board, limits, options)
        return ledger if check(ledger, limits).fits else _with_note(ledger, too_long_for_rows(graph))
    fastest = lower_graph(graph, Target(board.core))
    first = _planned(graph, fastest, board, options)
    ledger = first if check(first, limits).fits else _slower(graph, fastest, first, board, limits, options)
    if prefer is not Prefer.ROWS or sizes is not None:
        return ledger
    if too_long := too_long_for_rows(graph):
        return _with_note(ledger, too_long)
    fits, below_bytes = check(ledger, limits).fits, ledger.plan.arena_bytes
    if not fits:
        below_bytes = max(below_bytes, most_arena_bytes(board, fastest, limits) + 1)
    ledgers = LedgersByRows(graph, board, within)
    if constants_exceed(graph, limits):  # it says what the smallest arena would be
        return ledgers.ledger(below_bytes) or ledger
    by_rows = _little_slower_by_rows(graph, board, ledger, below_bytes, ledgers)
    if by_rows is None or not check(by_rows, limits).fits:
        by_rows = _by_rows(ledgers, limits, below_bytes)
    better = by_rows is not None and (check(by_rows, limits).fits or not fits)
    return by_rows if by_rows is not None and better else ledger


def _fastest_that_fits(graph: Graph, board: Board, limits: Budget, options: _Options) -> Ledger:
    """The fastest kernels op by op, in an arena that may grow. Where these do not fit, the faster of kernels
    with less scratch and of rows. Where nothing fits, the plan op by op.
    """
    op_by_op = replace(options, prefer=Prefer.LATENCY)
    fastest = lower_graph(graph, Target(board.core))
    first = _planned(graph, fastest, board, op_by_op)
    if check(first, limits).fits:
        return first
    whole = _slower(graph, fastest, first, board, limits, op_by_op)
    if options.sizes is not None:
        return whole
    most = most_arena_bytes(board, fastest, limits)
    if constants_exceed(graph, limits):
        return whole
    ledgers = LedgersByRows(graph, board, options.within)
    small = _by_rows(ledgers, limits, most + 1)
    large = None if small is None else _by_rows(ledgers, limits, most + 1, limit_bytes=most)
    fitting = [each for each in (whole, small, large) if each is not None and check(each, limits).fits]
    taken, least = whole, float("inf")
    for each in fitting:  # no arena grows for a difference that the model does not tell apart
        cycles = _cycles(graph, board, each)
        if taken not in fitting or cycles < (1.0 - TOLERANCE) * least:
            taken, least = each, cycles
    return taken


def _with_note(ledger: Ledger, note: str) -> Ledger:
    return replace(ledger, notes=(*ledger.notes, note)) if note else ledger


def _planned(graph: Graph, calls: tuple[Lowered, ...], board: Board, options: _Options) -> Ledger:
    return op_by_op_ledger(graph, calls, board, options.sizes, options.enough, options.within, options.prefer)


def _slower(
    graph: Graph,
    fastest: tuple[Lowered, ...],
    first: Ledger,
    board: Board,
    limits: Budget,
    options: _Options,
) -> Ledger:
    """With kernels of less scratch, where ``first``, the ledger of the ``fastest``, is over a limit."""
    ledger, faster = first, fastest
    needs_sram = ledger.sram_bytes > limits.sram_bytes or _over(ledger)
    for calls in with_less_scratch(graph, board, fastest):
        # Their code is smaller, too. Where these cannot fit, only the reasons of a full SRAM get clearer.
        if needs_sram or not exceeds_lower_bound(graph, calls, board, limits):
            smaller = _planned(graph, calls, board, options)
            if check(smaller, limits).fits:
                room = limits.sram_bytes - smaller.sram_bytes + smaller.arena_bytes
                mixed_calls = fast_where_possible(calls, smaller.plan, faster, room)
                mixed = _planned(graph, mixed_calls, board, options)
                return mixed if check(mixed, limits).fits else smaller
            if needs_sram and smaller.sram_bytes < ledger.sram_bytes:
                ledger = smaller
        faster = calls
    return ledger


def _little_slower_by_rows(
    graph: Graph, board: Board, whole: Ledger, below_bytes: int, by_rows: LedgersByRows
) -> Ledger | None:
    """In the smallest arena that is modelled to cost no more than ``ROWS_MAY_COST`` of the cycles of
    ``whole``; None without a timing model.
    """
    cycles = step_cycles(graph, board)
    if cycles is None:
        return None
    most = (1.0 + ROWS_MAY_COST) * sum(map(cycles, whole.lowered))
    return by_rows.ledger(below_bytes, most_cycles=most)


def _by_rows(ledgers: LedgersByRows, limits: Budget, below_bytes: int, limit_bytes: int = 0) -> Ledger | None:
    """By rows, in an arena below ``below_bytes``; as in the gate's quick look, where another plan is over."""
    found = ledgers.ledger(below_bytes, limit_bytes)
    if found is None or check(found, limits).fits:
        return found
    return next((other for other in ledgers.others(limits) if check(other, limits).fits), found)


def _cycles(graph: Graph, board: Board, ledger: Ledger) -> float:
    """Modelled, of shapes alone, so that a plan is the same before and after training; infinite without a
    timing model.
    """
    try:
        return float(board_latency(board).of(graph, ledger.lowered, trained=False).cycles or 0)
    except BoardError:
        return float("inf")


def _tighter(board: Budget, within: Budget | None) -> Budget:
    if within is None:
        return board
    return Budget(min(board.flash_bytes, within.flash_bytes), min(board.sram_bytes, within.sram_bytes))


def _over(ledger: Ledger) -> bool:
    return any(ledger.region_bytes(region.name) > region.length for region in ledger.regions)
