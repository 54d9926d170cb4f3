"""The boards of ``other_boards``: their profiles, and the configuration that holds for one of them."""

from __future__ import annotations

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.errors import ConfigError
from micronas.firmware.clock_choice import board_at
from micronas.memory.budget import limit_on
from micronas.memory.ledger import board_budget


def named_others(config: SearchConfig, first: Board) -> tuple[Board, ...]:
    """The profiles of ``other_boards``; raises ``ConfigError`` if a board is named twice."""
    boards = tuple(board_at(name, config.clock_mhz) for name in config.other_boards)
    names = [first.name, *(board.name for board in boards)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"board {twice} is named more than once", remedy="name each board of a search once")
    return boards


def config_for(config: SearchConfig, board: Board) -> SearchConfig:
    """``config`` for one of the further boards.

    A limit in KB that the board cannot meet, because it has less, becomes all that it has.
    """
    there, limits = board_budget(board), config.constraints
    own = limits.model_copy(
        update={
            "flash_kb": limit_on(limits.flash_kb, there.flash_bytes),
            "sram_kb": limit_on(limits.sram_kb, there.sram_bytes),
        }
    )
    return config.model_copy(update={"board": board.name, "other_boards": (), "constraints": own})
