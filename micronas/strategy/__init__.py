"""Search strategies, which propose the next architecture by ask and tell.

The loop guarantees what makes every run repeatable and resumable: ``ask(n)`` comes when exactly the trials
below ``n - workers + 1`` have been reported by ``tell``, in number order. A strategy depends only on these
trials and on ``default_rng([seed, n])``, and keeps no other state, so reporting the stored trials again
restores it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from micronas.config import StrategyConfig
from micronas.errors import ConfigError
from micronas.estimate import Searcher
from micronas.host.plugin import Part, find, is_plugged_in
from micronas.space import SPACES, Arch, Space
from micronas.strategy.aging_evolution import AgingEvolution
from micronas.strategy.base import Accept, Strategy
from micronas.strategy.differentiable import make_differentiable
from micronas.strategy.local_search import LocalSearch
from micronas.strategy.nsga2 import Nsga2
from micronas.strategy.predictor import HypervolumeImprovement, Predictor, RewardImprovement
from micronas.strategy.problem import Problem
from micronas.strategy.random import RandomSearch
from micronas.strategy.reinforce import Reinforce
from micronas.strategy.sized import sized_draw

__all__ = [
    "DIFFERENTIABLE",
    "PREDICTORS",
    "STRATEGIES",
    "Accept",
    "Problem",
    "Strategy",
    "check_strategy",
    "make_strategy",
    "searcher",
    "spaces_of",
]

STRATEGIES = {
    "random": "independent samples of the space; the baseline at equal cost",
    "aging_evolution": "tournament, one mutation, the oldest dies (Real et al. 2019)",
    "local_search": "neighbours of the best, best first (White et al. 2021)",
    "nsga2": "Pareto fronts of accuracy, latency, flash and SRAM (Deb et al. 2002)",
    "predictor_reward": "a Gaussian process predicts which reward improves (after White et al. 2021)",
    "predictor_front": "the same for the Pareto front: expected hypervolume at exact flash and SRAM",
    "reinforce": "an RNN controller learns by policy gradient (Zoph and Le 2017)",
    "dnas": "Gumbel-softmax over a supernet under byte budgets (MicroNets, Banbury et al. 2021)",
    "darts": "bilevel search of cells, stabilised against collapse (Liu et al. 2019)",
}
"""Name -> one-line description."""

ONLY_ON = {"dnas": ("layerwise", "micronets"), "darts": ("cell",)}
"""The spaces of strategies that do not work on every space."""

DIFFERENTIABLE = ("dnas", "darts")
"""Strategies that train their own supernets; they need a ``Problem``."""

PREDICTORS = ("predictor_reward", "predictor_front")
"""Strategies that predict accuracies from those of earlier trials; they need a ``Problem``."""


def make_strategy(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem | None = None
) -> Strategy:
    """The strategy called ``config.name``; raises ``ConfigError`` with the nearest known name.

    ``problem`` gives differentiable strategies their data and target, and predictors their budgets; ``nsga2``
    uses its ledger to diversify children, and the others do not need it.
    """
    if config.name not in STRATEGIES and is_plugged_in(config.name, Part.STRATEGY):
        own: Strategy = find(config.name, Part.STRATEGY)(space, seed, accept)
        return own
    if config.name in DIFFERENTIABLE:
        if problem is None:
            raise ConfigError(f"strategy {config.name} needs data and a budget for its supernet")
        return make_differentiable(config, space, seed, accept, problem)
    if config.name in PREDICTORS:
        if problem is None:
            raise ConfigError(f"strategy {config.name} needs a budget and a ledger to compare candidates")
        return _predictor(config, space, seed, accept, problem)
    match config.name:
        case "random":
            return RandomSearch(space, seed, accept)
        case "aging_evolution":
            return AgingEvolution(
                space,
                seed,
                accept,
                population=population_of(config, problem),
                sample=config.sample,
                draw=sized_draw(space, problem) if config.sized else None,
                guide=_guide(config, space, seed, accept, problem),
            )
        case "local_search":
            return LocalSearch(space, seed, accept)
        case "nsga2":
            return Nsga2(
                space,
                seed,
                accept,
                population=population_of(config, problem),
                bytes_of=_bytes_by(problem),
                guide=_front_guide(config, space, seed, accept, problem),
            )
        case "reinforce":
            return Reinforce(space, seed, accept, workers=problem.workers if problem else 1)
    raise _unknown(config.name)


USUAL_POPULATION, LEAST_POPULATION, MOST_POPULATION, TRIALS_PER_MEMBER = 12, 8, 24, 4


def population_of(config: StrategyConfig, problem: Problem | None) -> int:
    """The configured population; otherwise a quarter of the budget in trials, within limits.

    A population as large as the budget is random search. A tournament never exceeds the population.
    """
    if config.population is not None:
        return config.population
    if problem is None or problem.trials is None:
        return max(USUAL_POPULATION, config.sample)
    quarter = problem.trials // TRIALS_PER_MEMBER
    return max(min(max(quarter, LEAST_POPULATION), MOST_POPULATION), config.sample)


def _bytes_by(problem: Problem | None) -> Callable[[Arch], tuple[int, int]] | None:
    """Flash and SRAM by the exact ledger, if there is one."""
    if problem is None:
        return None

    def bytes_of(arch: Arch) -> tuple[int, int]:
        ledger = problem.ledger(arch)
        return ledger.flash_bytes, ledger.sram_bytes

    return bytes_of


def _guide(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem | None
) -> Predictor | None:
    """The predictor that chooses among children, unless it is switched off or cannot know the reward."""
    if not config.guided or problem is None or problem.reward.function is not None:
        return None
    return Predictor(space, seed, accept, problem, RewardImprovement(problem.reward), pool=config.pool)


def _front_guide(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem | None
) -> Predictor | None:
    """The predictor that chooses among children by expected hypervolume, unless it is switched off."""
    if not config.guided or problem is None:
        return None
    return Predictor(space, seed, accept, problem, _front_aim(problem), pool=config.pool)


def _front_aim(problem: Problem) -> HypervolumeImprovement:
    return HypervolumeImprovement(problem.budget, problem.latency_ms, problem.error_limit)


def _predictor(
    config: StrategyConfig, space: Space, seed: int, accept: Accept, problem: Problem
) -> Predictor:
    if config.name == "predictor_reward":
        return Predictor(space, seed, accept, problem, RewardImprovement(problem.reward), pool=config.pool)
    return Predictor(space, seed, accept, problem, _front_aim(problem), pool=config.pool)


def spaces_of(strategy: str) -> tuple[str, ...]:
    """The spaces that ``strategy`` works on."""
    return ONLY_ON.get(strategy, SPACES)


def searcher(strategy: str) -> Searcher:
    """``strategy`` as an estimator sees it: its spaces, and what it cannot use."""
    if strategy in DIFFERENTIABLE:
        return Searcher(
            strategy,
            spaces_of(strategy),
            why_no_shared_weights=f"strategy {strategy} trains its own supernet",
            why_no_prefilter=f"strategy {strategy} learns one network per trial",
        )
    if strategy in PREDICTORS:
        why = f"strategy {strategy} predicts accuracies itself, from those of networks trained separately"
        return Searcher(strategy, spaces_of(strategy), why_no_shared_weights=why, on_plugged_in=True)
    return Searcher(strategy, spaces_of(strategy), on_plugged_in=strategy not in ONLY_ON)


def check_strategy(config: StrategyConfig, space: str) -> None:
    """Raise ``ConfigError`` unless strategy ``config.name`` exists and works on the given space."""
    if config.name not in STRATEGIES and not is_plugged_in(config.name, Part.STRATEGY):
        raise _unknown(config.name)
    if not searcher(config.name).works_on(space):
        raise ConfigError(
            f"strategy {config.name} does not work on space {space}",
            remedy=f"its spaces: {', '.join(spaces_of(config.name))}; `micronas strategies` lists all pairs",
        )


def _unknown(name: str) -> ConfigError:
    near = difflib.get_close_matches(name, STRATEGIES, n=1) or [n for n in STRATEGIES if name and name in n]
    return ConfigError(
        f"strategy.name: unknown strategy {name!r}",
        remedy=f"did you mean {near[0]!r}?" if near else f"known ones: {', '.join(STRATEGIES)}",
    )
