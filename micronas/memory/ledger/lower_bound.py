"""A lower bound of a network's memory, without a plan: enough to refuse most networks that do not fit.

Placing tensors takes nine tenths of a ledger's time on networks with branches. It is wasted if the constants
alone, the inputs and outputs of one op, or the live bytes of every order exceed the budget.
"""

from __future__ import annotations

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.memory.codesize import FirmwareSize, firmware_size
from micronas.memory.ledger.budget import Budget
from micronas.memory.plan import no_plan_within
from micronas.model.graph import Graph


def exceeds_lower_bound(
    graph: Graph,
    lowered: tuple[Lowered, ...],
    board: Board,
    budget: Budget,
    sizes: FirmwareSize | None = None,
) -> bool:
    """Whether the ledger of ``graph`` for runtime ``micronas`` exceeds ``budget`` with every plan op by op.

    True only if ``check`` would refuse; False means undecided. ``lowered`` is for the board's core, ``sizes``
    are those of its kernels (default: looked up).
    """
    sizes = sizes or firmware_size(board, frozenset(low.kernel for low in lowered), len(lowered))
    if model_constant_bytes(graph, lowered) + sizes.code_bytes + sizes.rodata_bytes > budget.flash_bytes:
        return True
    resident_bytes = board.stack_bytes + sizes.static_bytes
    return no_plan_within(graph, lowered, budget.sram_bytes - resident_bytes)
