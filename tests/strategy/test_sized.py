"""Draws of every size of a budget, and a guide that chooses among evolution's children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.synthetic_search.task import make_task
from micronas.config import RewardConfig, StrategyConfig
from micronas.space import Arch
from micronas.strategy import make_strategy, population_of
from micronas.strategy.aging_evolution import AgingEvolution
from micronas.strategy.base import OFFSPRING, accepted, generator
from micronas.strategy.nsga2 import Nsga2
from micronas.strategy.observation import Observation
from micronas.strategy.problem import Problem
from micronas.strategy.sized import fitted, grown, sized_draw
from micronas.trial import Latency, Source
from tests.support.search_fakes import ToyArch, ToySpace, toy_trial

SPACE = ToySpace()
FLASH = 14


def flash(arch: Any) -> int:
    return sum(arch.genes)


def toy_problem(target_units: int = FLASH) -> Any:
    """A byte per digit's unit; ``FLASH`` of them fit, and ``target_units`` are fast enough."""
    return SimpleNamespace(
        budget=SimpleNamespace(flash_bytes=FLASH),
        ledger=lambda arch: SimpleNamespace(flash_bytes=flash(arch)),
        fits=lambda arch: flash(arch) <= FLASH,
        meets_target=lambda arch: flash(arch) <= target_units,
    )


def test_draws_are_spread_over_the_budget_up_to_its_end() -> None:
    draw, rng = sized_draw(SPACE, toy_problem()), np.random.default_rng(0)
    plain = [flash(SPACE.sample(rng)) for _ in range(300)]
    drawn = [flash(draw(rng)) for _ in range(300)]

    def share_near_the_end(sizes: list[int]) -> float:
        fitting = [size for size in sizes if size <= FLASH]
        return sum(size >= FLASH - 1 for size in fitting) / len(fitting)

    assert share_near_the_end(drawn) > share_near_the_end(plain) + 0.1
    assert max(size for size in drawn if size <= FLASH) == FLASH


def test_growing_never_leaves_the_budget_and_stops_at_the_target() -> None:
    rng = np.random.default_rng(1)
    small = ToyArch((0, 0, 0, 1, 0, 0))
    assert flash(grown(SPACE, small, rng, toy_problem(), target_bytes=1)) == 1
    for target in (5, 9, FLASH, 100):
        assert flash(small) <= flash(grown(SPACE, small, rng, toy_problem(), target)) <= FLASH


def test_growing_stops_at_the_target_latency() -> None:
    small = ToyArch((0, 0, 0, 1, 0, 0))
    made = grown(SPACE, small, np.random.default_rng(1), toy_problem(target_units=6), FLASH)
    assert 1 < flash(made) <= 6


@pytest.mark.parametrize(
    ("reward", "met"),
    [
        (RewardConfig(target_ms=20), [True, False]),
        (RewardConfig(), [True, True]),
        (RewardConfig(target_ms=20, function="mine:best"), [True, True]),
    ],
)
def test_the_target_counts_where_the_reward_has_one(reward: RewardConfig, met: list[bool]) -> None:
    ms = {"fast": 20.0, "slow": 21.0}
    problem: Any = Problem(
        data=None,  # type: ignore[arg-type]
        target=None,  # type: ignore[arg-type]
        budget=None,  # type: ignore[arg-type]
        ledger=None,  # type: ignore[arg-type]
        reward=reward,
        latency=lambda arch: Latency(ms[str(arch)], Source.MODELLED),
    )
    assert [problem.meets_target(name) for name in ms] == met
    assert replace(problem, latency=None).meets_target("slow")


class Shrinking(ToySpace):
    """Knows its words with smaller digits: two series, of all digits and of the first three."""

    def smaller(self, arch: ToyArch) -> Iterator[list[ToyArch]]:
        for kept in (6, 3):
            yield [
                ToyArch(tuple(min(gene, most) if i < kept else 0 for i, gene in enumerate(arch.genes)))
                for most in range(1, 5)
            ]


@pytest.mark.parametrize(
    ("flash_bytes", "target_bytes", "expected"),
    [
        (14, 14.0, (2,) * 6),
        (14, 7.0, (1,) * 6),
        (14, 1.0, (1,) * 6),  # the smallest that fits
        (5, 14.0, (1, 1, 1, 0, 0, 0)),
        (2, 14.0, (4,) * 6),  # nothing fits
        (24, 1.0, (4,) * 6),  # it fits as it is
    ],
)
def test_what_does_not_fit_is_made_smaller_where_the_space_knows_how(
    flash_bytes: int, target_bytes: float, expected: tuple[int, ...]
) -> None:
    problem: Any = SimpleNamespace(
        ledger=lambda arch: SimpleNamespace(flash_bytes=flash(arch)),
        fits=lambda arch: flash(arch) <= flash_bytes,
    )
    assert fitted(Shrinking(), ToyArch((4,) * 6), problem, target_bytes) == ToyArch(expected)


def test_what_does_not_fit_comes_back_unchanged() -> None:
    large = ToyArch((4, 4, 4, 4, 4, 4))
    assert grown(SPACE, large, np.random.default_rng(0), toy_problem(), 100) is large


def test_accepted_proposals_are_different_and_never_none() -> None:
    assert accepted([1, 1, 2, 3, 4], lambda n: n != 2, 3) == [1, 3, 4]  # type: ignore[type-var]
    assert accepted([1, 2], lambda n: False, 3) == [2]  # type: ignore[type-var]
    with pytest.raises(ValueError, match="no proposal"):
        accepted([], lambda n: True, 3)  # type: ignore[type-var]


class LargestGuide:
    """Prefers the largest child."""

    def __init__(self) -> None:
        self.observed: list[int] = []
        self.shown: list[int] = []

    def tell(self, trial: Observation) -> None:
        self.observed.append(trial.number)

    def best_of(self, archs: Sequence[Arch]) -> Arch:
        self.shown.append(len(archs))
        return max(archs, key=flash)


def test_a_guide_chooses_among_the_children_of_nsga2() -> None:
    """And not the bytes: the guide knows more."""
    guide = LargestGuide()
    strategy = Nsga2(SPACE, 0, lambda arch: True, population=4, bytes_of=lambda arch: (1, 1), guide=guide)
    for number in range(4):
        strategy.tell(toy_trial(number, strategy.ask(number).genes))  # type: ignore[attr-defined]
    plain = Nsga2(SPACE, 0, lambda arch: True, population=4)
    for number in range(4):
        plain.tell(toy_trial(number, plain.ask(number).genes))  # type: ignore[attr-defined]
    assert flash(strategy.ask(4)) >= flash(plain.ask(4))
    assert (guide.observed, guide.shown) == ([0, 1, 2, 3], [OFFSPRING])


def test_nsga2_is_guided_by_hypervolume_unless_that_is_switched_off() -> None:
    """On real networks with invented accuracies: the first children of both differ."""
    task = make_task()

    def ninth(guided: bool) -> Arch:
        config = StrategyConfig(name="nsga2", population=8, guided=guided)
        strategy = make_strategy(config, task.space, 0, task.gate.fits, task.problem)
        for number in range(8):
            strategy.tell(task.trial(number, strategy.ask(number), 0))
        return strategy.ask(8)

    assert ninth(True) == ninth(True) != ninth(False)


def test_evolution_is_sized_and_guided_unless_that_is_switched_off() -> None:
    task = make_task()
    draw = sized_draw(task.space, task.problem)

    def asked(**changes: bool) -> list[Arch]:
        config = StrategyConfig(population=8, **changes)  # type: ignore[arg-type]
        assert config.name == "aging_evolution"
        strategy = make_strategy(config, task.space, 0, task.gate.fits, task.problem)
        found = [strategy.ask(number) for number in range(8)]
        for number, arch in enumerate(found):
            strategy.tell(task.trial(number, arch, 0))
        return [*found, strategy.ask(8)]

    def drawn(number: int) -> Arch:
        rng = generator(0, number)
        return next(arch for arch in iter(lambda: draw(rng), None) if task.gate.fits(arch))

    random = make_strategy(StrategyConfig(name="random"), task.space, 0, task.gate.fits)
    default, samples, unguided = asked(), asked(sized=False), asked(guided=False)
    assert default[:8] == unguided[:8] == [drawn(number) for number in range(8)]
    assert samples[:8] == [random.ask(number) for number in range(8)] != default[:8]
    assert default[8] != unguided[8]


def test_sized_draws_stay_within_the_limit_of_operations() -> None:
    task = make_task()
    limited = replace(task.problem, macs=300_000, macs_of=lambda arch: task.space.net(arch).macs)
    small = next(arch for arch in task.space.baselines() if limited.fits(arch))
    rng = np.random.default_rng(0)
    for _ in range(5):
        made = grown(task.space, small, rng, limited, target_bytes=40_000)
        assert task.space.net(made).macs <= 300_000


def test_a_guide_chooses_among_the_children_of_evolution() -> None:
    guide = LargestGuide()
    strategy = AgingEvolution(SPACE, 0, lambda arch: True, population=4, sample=2, guide=guide)
    for number in range(4):
        strategy.tell(toy_trial(number, strategy.ask(number).genes))  # type: ignore[attr-defined]
    assert guide.observed == [0, 1, 2, 3]
    guided = strategy.ask(4)
    plain = AgingEvolution(SPACE, 0, lambda arch: True, population=4, sample=2)
    for number in range(4):
        plain.tell(toy_trial(number, plain.ask(number).genes))  # type: ignore[attr-defined]
    assert guide.shown == [OFFSPRING]
    assert flash(guided) >= flash(plain.ask(4))


@pytest.mark.parametrize(
    ("trials", "chosen", "expected"),
    [(None, None, 12), (20, None, 8), (60, None, 15), (1000, None, 24), (60, 5, 5)],
)
def test_the_population_follows_the_expected_number_of_trials(
    trials: int | None, chosen: int | None, expected: int
) -> None:
    config = StrategyConfig(population=chosen)
    assert population_of(config, SimpleNamespace(trials=trials)) == expected  # type: ignore[arg-type]
    assert population_of(StrategyConfig(sample=16), None) == 16


def test_a_reward_of_the_users_own_has_no_guide() -> None:
    problem = SimpleNamespace(trials=20, reward=RewardConfig(function="mine:reward"))
    made = make_strategy(StrategyConfig(sized=False), SPACE, 0, lambda arch: True, problem)  # type: ignore[arg-type]
    made.tell(toy_trial(0, (1,) * 6))  # a predictor would need the space's networks
    assert made.ask(20) in {*SPACE.neighbours(ToyArch((1,) * 6))}
