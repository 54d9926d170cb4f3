"""Whether networks fit a board op by op: the verdict of their ledgers, mostly without making these.

A plan that is within the limits ends the search for a lower one, and only its bytes are needed. The
statics of the kernels differ little, so what they leave free on the board is computed once for each size.
"""

from __future__ import annotations

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.memory.codesize import FirmwareSize, firmware_size
from micronas.memory.ledger.assemble import op_by_op_ledger
from micronas.memory.ledger.budget import Budget, check
from micronas.memory.ledger.free_region import free_banks, free_regions, largest_free_region
from micronas.memory.plan import is_plan_within, no_plan_within
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph


class QuickLook:
    """Answers for one board and one budget."""

    def __init__(self, board: Board, budget: Budget) -> None:
        self._board, self._budget = board, budget
        self._flash_bytes = min(budget.flash_bytes, board.region("flash").length)
        self._sizes: dict[tuple[frozenset[str], int], FirmwareSize] = {}
        self._arenas: dict[int, int | None] = {}

    def fits(self, graph: Graph, lowered: tuple[Lowered, ...]) -> bool:
        """Whether ``graph`` fits by the kernels of ``lowered``."""
        sizes = self._size_of_firmware(lowered)
        constant_bytes = model_constant_bytes(graph, lowered)
        if constant_bytes + sizes.code_bytes + sizes.rodata_bytes > self._flash_bytes:
            return False
        resident_bytes = self._board.stack_bytes + sizes.static_bytes
        if resident_bytes not in self._arenas:
            self._arenas[resident_bytes] = self._most_arena_bytes(resident_bytes)
        most_arena_bytes = self._arenas[resident_bytes]
        if most_arena_bytes is not None:
            return is_plan_within(graph, lowered, most_arena_bytes)
        if no_plan_within(graph, lowered, self._budget.sram_bytes - resident_bytes):
            return False
        return self._fits_by_ledger(graph, lowered, sizes)

    def _size_of_firmware(self, lowered: tuple[Lowered, ...]) -> FirmwareSize:
        key = frozenset([low.kernel for low in lowered]), len(lowered)
        if key not in self._sizes:
            self._sizes[key] = firmware_size(self._board, *key)
        return self._sizes[key]

    def _most_arena_bytes(self, resident_bytes: int) -> int | None:
        """The largest arena within the budget, if that alone decides beside flash: there is one memory for
        it, and each region holds what else is in it. None if only a ledger can tell.
        """
        board, budget = self._board, self._budget
        if len(free_banks(board, resident_bytes)) > 1 or resident_bytes > board.sram_bytes:
            return None
        largest = largest_free_region(free_regions(board, resident_bytes)).free_bytes
        return min(budget.sram_bytes - resident_bytes, largest)

    def _fits_by_ledger(self, graph: Graph, lowered: tuple[Lowered, ...], sizes: FirmwareSize) -> bool:
        # Given sizes leave out the blocks, which take only what is free within the budget.
        for enough in (self._budget, None):
            ledger = op_by_op_ledger(graph, lowered, self._board, sizes, enough, None, Prefer.SRAM)
            if check(ledger, self._budget).fits:
                return True
            if ledger.sram_bytes > self._budget.sram_bytes:  # the search for a plan within it was a whole one
                return False
        return False
