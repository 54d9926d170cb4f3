"""Which differentiable search a configuration asks for; its modules are loaded only when it is asked for."""

from __future__ import annotations

from micronas.config import StrategyConfig
from micronas.errors import ConfigError
from micronas.space import Space
from micronas.space.cell import CellSpace
from micronas.space.layerwise import LayerwiseSpace
from micronas.space.micronets import MicronetsSpace
from micronas.strategy.base import Accept, Strategy
from micronas.strategy.problem import Problem


def make_differentiable(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem
) -> Strategy:
    """``dnas`` or ``darts``; raises ``ConfigError`` for a space that it does not search."""
    match config.name, space:
        case "dnas", LayerwiseSpace() | MicronetsSpace():
            from micronas.strategy.dnas.settings import DnasSettings
            from micronas.strategy.dnas.strategy import Dnas, supernet_search

            settings = DnasSettings().scaled(config.supernet_length)
            return Dnas(space, seed, accept, problem, supernet_search(problem, settings), config.draws)
        case "darts", CellSpace():
            from micronas.strategy.darts.settings import DartsSettings
            from micronas.strategy.darts.strategy import Darts, cell_search

            bilevel = DartsSettings(
                order=config.order, partial=config.partial_channels, early_stop=config.early_stop
            ).scaled(config.supernet_length)
            return Darts(space, seed, accept, problem, cell_search(problem, bilevel), config.draws)
    raise ConfigError(f"strategy {config.name} does not search a {type(space).__name__}")
