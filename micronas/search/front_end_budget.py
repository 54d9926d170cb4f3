"""What the constraints of a search leave for its networks beside the front end that a device must compute."""

from __future__ import annotations

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.data.front_end.file import front_end_file
from micronas.memory.budget import less_front_end, make_budget
from micronas.memory.front_end_cost import FrontEndCost, cost_of_file
from micronas.memory.ledger import Budget


def dataset_front_end(dataset: Dataset) -> FrontEndCost | None:
    """Bytes of the front end of ``dataset``; None if it has no C, as that of pictures."""
    return cost_of_file(front_end_file(dataset))


def network_budget(config: SearchConfig, board: Board, dataset: Dataset) -> Budget:
    """The limits of the networks: those of ``config``, less the front end of ``dataset``.

    Raises ``BudgetError`` for limits that the board does not have, or that the front end fills.
    """
    limits = config.constraints
    whole = make_budget(board, limits.flash_kb, limits.sram_kb)
    return less_front_end(whole, dataset_front_end(dataset), board)
