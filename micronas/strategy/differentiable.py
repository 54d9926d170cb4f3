"""Makes the differentiable search of a configuration; its modules are loaded only then."""

from __future__ import annotations

from micronas.config import StrategyConfig
from micronas.space import Space
from micronas.strategy.base import Accept, Strategy
from micronas.strategy.hedged import Hedged
from micronas.strategy.problem import Problem
from micronas.strategy.random import RandomSearch


def make_differentiable(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem
) -> Strategy:
    """``dnas`` or ``darts``, hedged by random search if the configuration says so; raises ``ConfigError`` for
    a space that it does not search.
    """
    supernets = _supernets(config, space, seed, accept, problem)
    if not config.hedged:
        return supernets
    return Hedged(
        config.name,
        supernets,
        RandomSearch(space, seed, accept),
        first_ask=problem.first_ask,
        workers=problem.workers,
        say=problem.supernets.phase,
    )


def _supernets(config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem) -> Strategy:
    if config.name == "dnas":
        from micronas.strategy.dnas.settings import DnasSettings
        from micronas.strategy.dnas.strategy import Dnas, supernet_search

        settings = DnasSettings(class_weights=problem.class_weights).scaled(config.supernet_length)
        return Dnas(space, seed, accept, problem, supernet_search(problem, settings), config.draws)
    from micronas.strategy.darts.settings import DartsSettings
    from micronas.strategy.darts.strategy import Darts, cell_search, cell_space

    bilevel = DartsSettings(
        order=config.order,
        partial=config.partial_channels,
        early_stop=config.early_stop,
        class_weights=problem.class_weights,
    ).scaled(config.supernet_length)
    return Darts(cell_space(space), seed, accept, problem, cell_search(problem, bilevel), config.draws)
