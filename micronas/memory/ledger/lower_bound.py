"""A lower bound of a network's memory, without a plan: enough to refuse most networks that do not fit.

Placing tensors takes nine tenths of a ledger's time on networks with branches. It is wasted if the constants
alone, or the inputs and outputs of one op, exceed the budget.
"""

from __future__ import annotations

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.sizes import constant_items
from micronas.memory.codesize import firmware_size
from micronas.memory.ledger.budget import Budget
from micronas.memory.plan import min_arena_bytes
from micronas.model.graph import Graph


def exceeds_lower_bound(graph: Graph, lowered: tuple[Lowered, ...], board: Board, budget: Budget) -> bool:
    """Whether the ledger of ``graph`` for runtime ``micronas`` exceeds ``budget`` with every plan.

    True only if ``check`` would refuse; False means undecided. ``lowered`` is for the board's core.
    """
    sizes = firmware_size(board, frozenset(low.kernel for low in lowered), len(lowered))
    constants = sum(item.nbytes for item in constant_items(graph, lowered))
    if constants + sizes.code_bytes + sizes.rodata_bytes > budget.flash_bytes:
        return True
    resident = board.stack_bytes + sizes.static_bytes
    return resident + min_arena_bytes(graph, lowered) > budget.sram_bytes
