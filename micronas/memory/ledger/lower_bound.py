"""What a network takes at the least, without a memory plan: enough to refuse most of what does not fit.

Placing tensors is nine tenths of a ledger's time on networks that branch, and all for nothing where the
constants alone are over, or one op's inputs and outputs are.
"""

from __future__ import annotations

from micronas.board import Board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import constant_items
from micronas.memory.codesize import firmware_size
from micronas.memory.ledger.budget import Budget
from micronas.memory.plan import min_arena_bytes
from micronas.model.graph import Graph


def exceeds_lower_bound(graph: Graph, board: Board, budget: Budget) -> bool:
    """Whether the ledger of ``graph`` for runtime ``micronas`` is over ``budget`` whatever its plan is.

    True only where ``check`` would refuse; False tells nothing. Raises ``ModelError`` like ``make_ledger``.
    """
    lowered = lower_graph(graph, Target(board.core))
    sizes = firmware_size(board, frozenset(low.kernel for low in lowered), len(lowered))
    constants = sum(item.nbytes for item in constant_items(graph, lowered))
    if constants + sizes.code_bytes + sizes.rodata_bytes > budget.flash_bytes:
        return True
    resident = board.stack_bytes + sizes.static_bytes
    return resident + min_arena_bytes(graph, lowered) > budget.sram_bytes
