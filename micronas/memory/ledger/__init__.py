"""The memory ledger: every byte of flash and SRAM that a network uses on a board, before anything is built.

For runtime ``micronas`` the arena and the constants are the generated code's, so the linker map must have the
same figures to the byte. For runtime ``tflm`` flash is the .tflite file and SRAM the arena that
TFLite Micro would need (64-bit host build, see ``plan.tflm``), which is what its users plan for; the
interpreter's code, statics and stack are not included.

All figures here are predicted. They need only shapes, no values, and take a few milliseconds.
"""

from __future__ import annotations

from micronas.board import Board
from micronas.board.arena_location import ArenaLocation
from micronas.codegen.lowering import Lowered
from micronas.memory.codesize import FirmwareSize
from micronas.memory.ledger.assemble import op_by_op_ledger, op_rows, region_sizes
from micronas.memory.ledger.budget import Budget, Verdict, board_budget, check
from micronas.memory.ledger.by_rows import fits_by_rows
from micronas.memory.ledger.choose import chosen_ledger
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
from micronas.memory.plan.prefer import Prefer
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
    prefer: Prefer = Prefer.SRAM,
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
    first ops run by rows where that takes a smaller arena; ``AUTO`` is the fastest of the three that fits
    (``choose``). Raises ``ModelError`` for an op without a kernel
    in the runtime, ``ValueError`` for an unknown runtime.
    """
    if runtime == "micronas":
        if lowered is None:
            return chosen_ledger(graph, board, sizes, enough, within, prefer)
        return op_by_op_ledger(graph, lowered, board, sizes, enough, within, prefer)
    if runtime == "tflm":
        return _tflm_ledger(graph, board, stored or stored_as(graph))
    raise ValueError(f"unknown runtime {runtime!r}: micronas or tflm")


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
        regions=region_sizes(board),
        arena_location=ArenaLocation((memory,)),
        rooms=rooms,
        no_split=None,
        plan=arena.plan,
        lowered=(),
        ops=op_rows(graph, arena.plan, constants),
        notes=(
            "constants are the whole .tflite file as it is; "
            "the interpreter's code, stack and statics are not counted",
            "arena as TFLite Micro's 64-bit host build needs it; a 32-bit target needs less",
        ),
    )
