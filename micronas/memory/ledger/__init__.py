"""The memory ledger: every byte of flash and SRAM that a network uses on a board, before anything is built.

For runtime ``micronas`` the arena and the constants are the generated code's, so the linker map must have the
same figures to the byte. For runtime ``tflm`` flash is the .tflite file and SRAM the arena that
TFLite Micro would need (64-bit host build, see ``plan.tflm``), which is what its users plan for; the
interpreter's code, statics and stack are not included.

All figures here are predicted. They need only shapes, no values, and take a few milliseconds.
"""

from __future__ import annotations

from dataclasses import replace

from micronas.board import Board
from micronas.board.arena_location import ArenaLocation
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.rows import ROW_KERNEL
from micronas.codegen.lowering.sizes import constant_items, model_constant_bytes
from micronas.memory.codesize import FirmwareSize, firmware_size
from micronas.memory.ledger.budget import Budget, Verdict, board_budget, check
from micronas.memory.ledger.free_region import (
    FreeRegion,
    Item,
    RegionPart,
    allocate_regions,
    first_fit_region,
    free_regions,
    largest_free_region,
)
from micronas.memory.ledger.items import Ledger, OpRow, RegionSize, regions_to_json, to_json
from micronas.memory.ledger.less_scratch import fast_where_possible, with_less_scratch
from micronas.memory.ledger.lower_bound import exceeds_lower_bound
from micronas.memory.ledger.placement import Placement, place_by_rows, place_on
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import Plan
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.memory.plan.rows.join import RowPlan
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.memory.plan.tflm import StoredFile, stored_as, tflm_arena
from micronas.model.graph import Graph

__all__ = [
    "Budget",
    "FreeRegion",
    "Item",
    "Ledger",
    "OpRow",
    "RegionSize",
    "Verdict",
    "board_budget",
    "check",
    "fits_by_rows",
    "make_ledger",
    "regions_to_json",
    "to_json",
]


def make_ledger(
    graph: Graph,
    board: Board,
    runtime: str = "micronas",
    *,
    sizes: FirmwareSize | None = None,
    lowered: tuple[Lowered, ...] | None = None,
    enough: Budget | None = None,
    within: Budget | None = None,
    prefer: Prefer = DEFAULT_PREFER,
    stored: StoredFile | None = None,
) -> Ledger:
    """The ledger of ``graph`` on ``board``; works on shape-only graphs.

    ``sizes`` replaces the measured firmware sizes (default: looked up for the board and the kernels) and
    ``lowered`` the graph lowered to the board's core; without it, kernels with less scratch replace the
    fastest where these do not fit the board or ``within``. For ``tflm``, ``stored`` is the file that the
    graph was read from (default: the canonical one). With a budget that is ``enough``, the first plan within
    it ends the search for the lowest: the verdict is the same, the arena may be larger. ``within`` (default:
    the board's budget) limits what makes a network faster: scratch, the code of block convolutions, and the
    arena, which ``prefer`` ``LATENCY`` lets grow in the memory that it lies in. With ``prefer`` ``ROWS`` the
    first ops run by rows where that takes a smaller arena. Raises ``ModelError`` for an op without a kernel
    in the runtime, ``ValueError`` for an unknown runtime.
    """
    if runtime == "micronas":
        if lowered is None:
            return _roomiest_ledger(graph, board, sizes, enough, within, prefer)
        return _micronas_ledger(graph, lowered, board, sizes, enough, within, prefer)
    if runtime == "tflm":
        return _tflm_ledger(graph, board, stored or stored_as(graph))
    raise ValueError(f"unknown runtime {runtime!r}: micronas or tflm")


def _roomiest_ledger(
    graph: Graph,
    board: Board,
    sizes: FirmwareSize | None,
    enough: Budget | None,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    """Op by op, or, where rows are preferred and take a smaller arena, with the first ops by rows."""
    limits = _tighter(board_budget(board), within)
    ledger = _op_by_op_ledger(graph, board, sizes, enough, within, prefer)
    if prefer is not Prefer.ROWS or sizes is not None:
        return ledger
    by_rows = _ledger_by_rows(graph, board, ledger, within)
    better = by_rows is not None and (check(by_rows, limits).fits or not check(ledger, limits).fits)
    return by_rows if by_rows is not None and better else ledger


def _op_by_op_ledger(
    graph: Graph,
    board: Board,
    sizes: FirmwareSize | None,
    enough: Budget | None,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    """With the fastest kernels; where they are over a limit, with those of less scratch."""

    def planned(calls: tuple[Lowered, ...]) -> Ledger:
        return _micronas_ledger(graph, calls, board, sizes, enough, within, prefer)

    fastest = faster = lower_graph(graph, Target(board.core))
    ledger, limits = planned(fastest), _tighter(board_budget(board), within)
    if check(ledger, limits).fits:
        return ledger
    needs_sram = ledger.sram_bytes > limits.sram_bytes or _over(ledger)
    for calls in with_less_scratch(graph, board, fastest):
        # Their code is smaller, too. Where these cannot fit, only the reasons of a full SRAM get clearer.
        if needs_sram or not exceeds_lower_bound(graph, calls, board, limits):
            smaller = planned(calls)
            if check(smaller, limits).fits:
                room = limits.sram_bytes - smaller.sram_bytes + smaller.arena_bytes
                mixed = planned(fast_where_possible(calls, smaller.plan, faster, room))
                return mixed if check(mixed, limits).fits else smaller
            if needs_sram and smaller.sram_bytes < ledger.sram_bytes:
                ledger = smaller
        faster = calls
    return ledger


def _ledger_by_rows(graph: Graph, board: Board, whole: Ledger, within: Budget | None) -> Ledger | None:
    """With the first ops by rows, if that takes a smaller arena than ``whole``, the ledger op by op.

    The smallest arena that is modelled to cost no more than ``ROWS_MAY_COST`` in cycles, if it is within the
    limits, else the smallest.
    """
    fastest, target = lower_graph(graph, Target(board.core)), Target(board.core)
    cycles, below_bytes = step_cycles(graph, board), whole.plan.arena_bytes
    if cycles is not None:
        most = (1 + ROWS_MAY_COST) * sum(map(cycles, whole.lowered))
        found = plan_by_rows(graph, fastest, target, below_bytes, cycles=cycles, most_cycles=most)
        ledger = None if found is None else _ledger_of_rows(graph, board, found, within)
        if ledger is None or check(ledger, _tighter(board_budget(board), within)).fits:
            return ledger
    found = plan_by_rows(graph, fastest, target, below_bytes, cycles=cycles)
    return None if found is None else _ledger_of_rows(graph, board, found, within)


def fits_by_rows(graph: Graph, board: Board, budget: Budget) -> bool:
    """Whether ``graph`` is within ``budget`` if its first ops run by rows."""
    fastest = lower_graph(graph, Target(board.core))
    most = _most_arena_bytes(board, fastest, budget)
    found = plan_by_rows(graph, fastest, Target(board.core), most + 1, enough_bytes=most, quick=True)
    return found is not None and check(_ledger_of_rows(graph, board, found, budget), budget).fits


def _most_arena_bytes(board: Board, lowered: tuple[Lowered, ...], limits: Budget) -> int:
    """The largest arena in one piece."""
    resident_bytes = board.stack_bytes + _firmware_size(board, lowered).static_bytes
    largest = largest_free_region(free_regions(board, resident_bytes)).free_bytes
    return min(largest, limits.sram_bytes - resident_bytes)


def _ledger_of_rows(graph: Graph, board: Board, found: RowPlan, within: Budget | None) -> Ledger:
    sizes = _firmware_size(board, found.lowered)
    placement = place_by_rows(board, found, board.stack_bytes + sizes.static_bytes)
    return _finished(graph, board, placement, found.lowered, sizes, within, Prefer.ROWS)


def _tighter(board: Budget, within: Budget | None) -> Budget:
    if within is None:
        return board
    return Budget(min(board.flash_bytes, within.flash_bytes), min(board.sram_bytes, within.sram_bytes))


def _over(ledger: Ledger) -> bool:
    return any(ledger.region_bytes(region.name) > region.length for region in ledger.regions)


def _micronas_ledger(
    graph: Graph,
    lowered: tuple[Lowered, ...],
    board: Board,
    given: FirmwareSize | None,
    enough: Budget | None,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    sizes = given or _firmware_size(board, lowered)
    sram_budget_bytes = enough.sram_bytes if enough else None
    placement = place_on(board, graph, lowered, sizes.static_bytes + board.stack_bytes, sram_budget_bytes)
    if given is None:
        return _finished(graph, board, placement, lowered, sizes, within, prefer)
    return _ledger_of(graph, board, placement, lowered, sizes)


def _finished(
    graph: Graph,
    board: Board,
    placement: Placement,
    lowered: tuple[Lowered, ...],
    sizes: FirmwareSize,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    """The ledger with the blocks for which there is room."""
    limits = board_budget(board) if within is None else within
    return _ledger_of(graph, board, *_by_blocks(graph, board, placement, lowered, sizes, limits, prefer))


def _ledger_of(
    graph: Graph, board: Board, placement: Placement, lowered: tuple[Lowered, ...], sizes: FirmwareSize
) -> Ledger:
    constants = _constants_by_op(graph, lowered)
    resident = (("stack", board.stack_bytes), ("static", sizes.static_bytes))
    return Ledger(
        model=graph.name,
        board=board.name,
        runtime="micronas",
        flash=(
            Item("constants", sum(constants.values()), "flash"),
            Item("code", sizes.code_bytes, "flash"),
            Item("rodata", sizes.rodata_bytes, "flash"),
        ),
        sram=allocate_regions(board, resident, placement.parts()),
        regions=_regions(board),
        arena_location=placement.location,
        rooms=placement.rooms,
        no_split=placement.no_split,
        plan=placement.plan,
        lowered=lowered,
        ops=_op_rows(graph, placement.plan, constants),
        notes=(sizes.warning,) if sizes.warning else (),
    )


def _firmware_size(board: Board, lowered: tuple[Lowered, ...]) -> FirmwareSize:
    by_rows = sum(low.row_call is not None for low in lowered)
    kernels = {low.kernel for low in lowered} | ({ROW_KERNEL} if by_rows else set())
    return firmware_size(board, frozenset(kernels), len(lowered), by_rows)


def _by_blocks(
    graph: Graph,
    board: Board,
    placement: Placement,
    lowered: tuple[Lowered, ...],
    sizes: FirmwareSize,
    limits: Budget,
    prefer: Prefer,
) -> tuple[Placement, tuple[Lowered, ...], FirmwareSize]:
    """Blocks in what the plan leaves free, or in a larger arena, if flash has room for their kernels; else no
    change.
    """
    cycles = step_cycles(graph, board) if prefer is Prefer.LATENCY else None
    resident_bytes = board.stack_bytes + sizes.static_bytes
    most = min(placement.free_bytes, limits.sram_bytes - resident_bytes) if cycles else 0
    faster, plan = use_free_bytes(lowered, placement.plan, most, cycles)
    larger = _firmware_size(board, faster)
    flash_bytes = model_constant_bytes(graph, faster) + larger.code_bytes + larger.rodata_bytes
    if flash_bytes > limits.flash_bytes:
        return placement, lowered, sizes
    return replace(placement, plan=plan), faster, larger


def _tflm_ledger(graph: Graph, board: Board, stored: StoredFile) -> Ledger:
    arena = tflm_arena(graph, stored)
    constants: dict[int | None, int] = {
        i: sum(graph.tensors[t].nbytes for t in graph.constant_inputs(op)) for i, op in enumerate(graph.ops)
    }
    rooms = free_regions(board, resident_bytes=0)
    memory = (first_fit_region(rooms, arena.total_bytes) or largest_free_region(rooms)).memory
    head_bytes = arena.total_bytes - arena.tail_bytes
    return Ledger(
        model=graph.name,
        board=board.name,
        runtime="tflm",
        flash=(Item("constants", stored.nbytes, "flash"),),
        sram=allocate_regions(
            board,
            (),
            [
                RegionPart(memory, "arena head", head_bytes),
                RegionPart(memory, "arena tail", arena.tail_bytes),
            ],
        ),
        regions=_regions(board),
        arena_location=ArenaLocation((memory,)),
        rooms=rooms,
        no_split=None,
        plan=arena.plan,
        lowered=(),
        ops=_op_rows(graph, arena.plan, constants),
        notes=(
            "constants are the whole .tflite file as it is; "
            "the interpreter's code, stack and statics are not counted",
            "arena as TFLite Micro's 64-bit host build needs it; a 32-bit target needs less",
        ),
    )


def _regions(board: Board) -> tuple[RegionSize, ...]:
    return tuple(RegionSize(r.name, r.length) for r in board.regions)


def _constants_by_op(graph: Graph, lowered: tuple[Lowered, ...]) -> dict[int | None, int]:
    """Linked const bytes by op; None: the model's own tables."""
    totals: dict[int | None, int] = {}
    for item in constant_items(graph, lowered):
        totals[item.op_index] = totals.get(item.op_index, 0) + item.nbytes
    return totals


def _op_rows(graph: Graph, plan: Plan, constants: dict[int | None, int]) -> tuple[OpRow, ...]:
    step = {op: k + 1 for k, op in enumerate(plan.order)}
    scratch: dict[int | None, int] = {}
    for span in plan.spans:
        if span.scratch_of is not None:
            scratch[span.scratch_of] = scratch.get(span.scratch_of, 0) + span.size
    return tuple(
        OpRow(
            index=i,
            kind=op.kind,
            input_shapes=tuple(graph.tensors[t].shape for t in graph.activation_inputs(op)),
            output_shape=graph.tensors[op.outputs[0]].shape,
            constant_bytes=constants.get(i, 0),
            scratch_bytes=scratch.get(i, 0),
            live_bytes=plan.live_bytes(step[i]),
        )
        for i, op in enumerate(graph.ops)
    )
