"""The ledger of a network whose plan is made: its items by region, and blocks where they have room."""

from __future__ import annotations

from dataclasses import replace

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.blocks import with_fewer_kernels
from micronas.codegen.lowering.row_source import FETCH_KERNEL
from micronas.codegen.lowering.rows import ROW_KERNEL
from micronas.codegen.lowering.sizes import constant_items, model_constant_bytes
from micronas.memory.codesize import FirmwareSize, firmware_size
from micronas.memory.ledger.budget import Budget, board_budget
from micronas.memory.ledger.free_region import Item, allocate_regions
from micronas.memory.ledger.items import Ledger, OpRow, RegionSize
from micronas.memory.ledger.placement import Placement, place_on
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import Plan
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph


def op_by_op_ledger(
    graph: Graph,
    lowered: tuple[Lowered, ...],
    board: Board,
    given: FirmwareSize | None,
    enough: Budget | None,
    within: Budget | None,
    prefer: Prefer,
) -> Ledger:
    """Of ``graph`` by the kernels of ``lowered``; ``given`` sizes leave out the blocks."""
    sizes = given or size_of_firmware(board, lowered)
    sram_budget_bytes = enough.sram_bytes if enough else None
    placement = place_on(board, graph, lowered, sizes.static_bytes + board.stack_bytes, sram_budget_bytes)
    if given is None:
        return finished_ledger(graph, board, placement, lowered, sizes, within, prefer)
    return ledger_of(graph, board, placement, lowered, sizes)


def finished_ledger(
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
    return ledger_of(graph, board, *_by_blocks(graph, board, placement, lowered, sizes, limits, prefer))


def ledger_of(
    graph: Graph, board: Board, placement: Placement, lowered: tuple[Lowered, ...], sizes: FirmwareSize
) -> Ledger:
    """The ledger of a plan to which nothing is added."""
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
        regions=region_sizes(board),
        arena_location=placement.location,
        rooms=placement.rooms,
        no_split=placement.no_split,
        plan=placement.plan,
        lowered=lowered,
        ops=op_rows(graph, placement.plan, constants),
        notes=(sizes.warning,) if sizes.warning else (),
    )


def size_of_firmware(board: Board, lowered: tuple[Lowered, ...]) -> FirmwareSize:
    """Predicted, for these kernels; what fetches rows from an application, some 100 bytes, is left out."""
    by_rows = sum(low.row_call is not None for low in lowered)
    kernels = {low.kernel for low in lowered} - {FETCH_KERNEL} | ({ROW_KERNEL} if by_rows else set())
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
    """Blocks in what the plan leaves free, or in a larger arena, by the fastest kernels for which flash has
    room; no change if it has none.
    """

    def flash_bytes(calls: tuple[Lowered, ...], firmware: FirmwareSize) -> int:
        return model_constant_bytes(graph, calls) + firmware.code_bytes + firmware.rodata_bytes

    if flash_bytes(lowered, sizes) > limits.flash_bytes:
        return placement, lowered, sizes
    cycles = step_cycles(graph, board) if prefer.may_grow else None
    resident_bytes = board.stack_bytes + sizes.static_bytes
    most = min(placement.free_bytes, limits.sram_bytes - resident_bytes) if cycles else 0
    for calls in with_fewer_kernels(lowered):
        faster, plan = use_free_bytes(calls, placement.plan, most, cycles)
        larger = size_of_firmware(board, faster)
        if flash_bytes(faster, larger) <= limits.flash_bytes:
            return replace(placement, plan=plan), faster, larger
    return placement, lowered, sizes


def region_sizes(board: Board) -> tuple[RegionSize, ...]:
    """All memory regions of ``board``."""
    return tuple(RegionSize(r.name, r.length) for r in board.regions)


def _constants_by_op(graph: Graph, lowered: tuple[Lowered, ...]) -> dict[int | None, int]:
    """Linked const bytes by op; None: the model's own tables."""
    totals: dict[int | None, int] = {}
    for item in constant_items(graph, lowered):
        totals[item.op_index] = totals.get(item.op_index, 0) + item.nbytes
    return totals


def op_rows(graph: Graph, plan: Plan, constants: dict[int | None, int]) -> tuple[OpRow, ...]:
    """The bytes of each op."""
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
