"""The strategies that the bench compares: the shipped ones, and variants of them that were considered."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from benchmarks.synthetic_search.task import Task
from micronas.config import StrategyConfig
from micronas.space import Arch
from micronas.strategy import Accept, Strategy, make_strategy
from micronas.strategy.aging_evolution import AgingEvolution
from micronas.strategy.base import first_accepted, generator
from micronas.strategy.nsga2 import Nsga2
from micronas.strategy.observation import Observation
from micronas.strategy.predictor import HypervolumeImprovement, Predictor, RewardImprovement
from micronas.strategy.sized import Draw, sized_draw

Make: TypeAlias = Callable[[Task, int, Accept, int], Strategy]
"""(task, seed, accept, expected number of trials) -> strategy."""


def shipped(name: str) -> Make:
    """As ``strategy.name`` gives it, with its defaults."""
    return lambda task, seed, accept, trials: make_strategy(
        StrategyConfig(name=name), task.space, seed, accept, replace(task.problem, trials=trials)
    )


def nsga2(population: int, *, novel: bool) -> Make:
    """With or without the choice of the most novel of four children."""

    def make(task: Task, seed: int, accept: Accept, trials: int) -> Strategy:
        def bytes_of(arch):  # type: ignore[no-untyped-def]
            ledger = task.gate.ledger(arch)
            return ledger.flash_bytes, ledger.sram_bytes

        return Nsga2(task.space, seed, accept, population=population, bytes_of=bytes_of if novel else None)

    return make


def aging(population: int, sample: int) -> Make:
    """Another size of the population and of the tournament."""
    return lambda task, seed, accept, trials: AgingEvolution(
        task.space, seed, accept, population=population, sample=sample
    )


def sized_random(task: Task, seed: int, accept: Accept, trials: int) -> Strategy:
    """Random search whose draws are spread over the flash budget."""
    return _Draws(sized_draw(task.space, task.problem), seed, accept)


class _Draws:
    def __init__(self, draw: Draw, seed: int, accept: Accept) -> None:
        self._draw, self._seed, self._accept = draw, seed, accept

    def ask(self, number: int) -> Arch:
        rng = generator(self._seed, number)
        return first_accepted((self._draw(rng) for _ in itertools.count()), self._accept)

    def tell(self, trial: Observation) -> None:
        """Learns nothing."""


def sized_aging(population: int, sample: int, *, sized: bool, guided: bool) -> Make:
    """Aging evolution that starts from networks of every size, or whose children a predictor chooses."""

    def make(task: Task, seed: int, accept: Accept, trials: int) -> Strategy:
        problem = task.problem
        gain = RewardImprovement(problem.reward)
        return AgingEvolution(
            task.space,
            seed,
            accept,
            population=population,
            sample=sample,
            draw=sized_draw(task.space, problem) if sized else None,
            guide=Predictor(task.space, seed, accept, problem, gain, pool=32) if guided else None,
        )

    return make


def sized_nsga2(population: int) -> Make:
    """NSGA-II that starts from networks of every size, without the choice of the most novel child."""
    return lambda task, seed, accept, trials: Nsga2(
        task.space, seed, accept, population=population, draw=sized_draw(task.space, task.problem)
    )


def guided_nsga2(population: int) -> Make:
    """NSGA-II whose children a predictor chooses by expected hypervolume."""

    def make(task: Task, seed: int, accept: Accept, trials: int) -> Strategy:
        problem = task.problem
        aim = HypervolumeImprovement(problem.budget, None, problem.error_limit)
        guide = Predictor(task.space, seed, accept, problem, aim, pool=32)
        return Nsga2(task.space, seed, accept, population=population, guide=guide)

    return make


VARIANTS: dict[str, Make] = {
    **{name: shipped(name) for name in ("random", "aging_evolution", "local_search", "nsga2", "reinforce")},
    **{name: shipped(name) for name in ("predictor_reward", "predictor_front")},
    **{f"nsga2-{size}": nsga2(size, novel=False) for size in (12, 15, 20, 30)},
    **{f"nsga2-novel-{size}": nsga2(size, novel=True) for size in (12, 15, 20, 30)},
    **{
        f"aging-{size}-{sample}": aging(size, sample)
        for size, sample in ((6, 3), (8, 4), (12, 4), (20, 6), (30, 10))
    },
    "random-sized": sized_random,
    **{
        f"aging-sized-{size}-{n}": sized_aging(size, n, sized=True, guided=False)
        for size, n in ((8, 4), (12, 4))
    },
    **{
        f"aging-guided-{size}-{n}": sized_aging(size, n, sized=False, guided=True)
        for size, n in ((8, 4), (12, 4))
    },
    **{
        f"aging-both-{size}-{n}": sized_aging(size, n, sized=True, guided=True)
        for size, n in ((8, 4), (12, 4))
    },
    **{f"nsga2-sized-{size}": sized_nsga2(size) for size in (12, 20)},
    **{f"nsga2-guided-{size}": guided_nsga2(size) for size in (8, 12, 15, 20)},
}
