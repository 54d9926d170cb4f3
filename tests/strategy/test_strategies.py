"""The contract of every strategy, and what defines each of them."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import StrategyConfig
from micronas.errors import ConfigError
from micronas.strategy import DIFFERENTIABLE, PREDICTORS, STRATEGIES, Strategy, make_strategy
from micronas.strategy.aging_evolution import AgingEvolution
from micronas.strategy.reinforce import Reinforce
from micronas.trial import Outcome, Trial
from tests.support.predictor_fakes import toy_predictor
from tests.support.search_fakes import ToyArch, ToyGate, ToySpace, ToyTokens, toy_trial

SPACE = ToySpace()
# the differentiable ones need real spaces: dnas/test_strategy.py and darts/test_cells.py
ALL = pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in DIFFERENTIABLE])


def make(name: str, seed: int = 0, accept=lambda arch: True) -> Strategy:
    if name == "reinforce":  # make_strategy knows the tokens of real spaces only
        return Reinforce(SPACE, seed, accept, ToyTokens())
    if name in PREDICTORS:  # toy words have no networks to describe, and no ledger
        return toy_predictor(name, seed, accept)
    return make_strategy(StrategyConfig(name=name, population=6, sample=3), SPACE, seed, accept)


def play(strategy: Strategy, trials: int, *, ask_from: int = 0) -> list[ToyArch]:
    """Ask and tell in turn; below ``ask_from`` only tell what the other run had asked."""
    asked = []
    for number in range(ask_from, trials):
        arch = strategy.ask(number)
        asked.append(arch)
        strategy.tell(toy_trial(number, arch.genes))
    return asked


@ALL
def test_equal_seeds_give_equal_runs_and_others_do_not(name: str) -> None:
    assert play(make(name), 20) == play(make(name), 20)
    assert play(make(name), 20) != play(make(name, seed=1), 20)


@ALL
def test_ask_changes_nothing(name: str) -> None:
    strategy = make(name)
    play(strategy, 10)
    assert strategy.ask(10) == strategy.ask(10)


@ALL
def test_telling_the_stored_trials_again_resumes(name: str) -> None:
    whole = play(make(name), 24)
    resumed = make(name)
    for number, arch in enumerate(whole[:13]):
        resumed.tell(toy_trial(number, arch.genes))
    assert play(resumed, 24, ask_from=13) == whole[13:]


@ALL
def test_over_budget_proposals_are_passed_over(name: str) -> None:
    gate = ToyGate(limit=12)
    asked = play(make(name, accept=lambda arch: gate.verdict(arch).fits), 30)
    assert all(sum(arch.genes) <= 12 for arch in asked)


@ALL
def test_a_gate_that_lets_nothing_through_does_not_hang(name: str) -> None:
    calls = []

    def refuse(arch: ToyArch) -> bool:
        calls.append(arch)
        return False

    assert isinstance(make(name, accept=refuse).ask(0), ToyArch)
    assert 1 <= len(calls) <= 1000


@ALL
def test_nothing_is_proposed_twice_while_there_is_something_new(name: str) -> None:
    seen: set[ToyArch] = set()
    strategy = make(name, accept=lambda arch: arch not in seen)
    for number in range(60):
        arch = strategy.ask(number)
        assert arch not in seen
        seen.add(arch)
        strategy.tell(toy_trial(number, arch.genes))


@ALL
def test_failed_and_infeasible_trials_are_borne(name: str) -> None:
    strategy = make(name)
    for number in range(20):
        arch = strategy.ask(number)
        outcome = Outcome.FAILED if number % 2 else Outcome.INFEASIBLE
        strategy.tell(
            Trial(number, SPACE.to_json(arch), SPACE.key(arch), outcome, reason="no", stage="train")
        )
    assert isinstance(strategy.ask(20), ToyArch)


def test_an_unknown_strategy_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError) as caught:
        make("aging_evolutoin")
    assert caught.value.remedy == "did you mean 'aging_evolution'?"


def test_random_samples_are_spread_over_the_space() -> None:
    genes = np.array([arch.genes for arch in play(make("random"), 300)])
    counts = np.stack([(genes == value).sum(axis=0) for value in range(5)])
    # 300 draws of 5 equal values: 60 each, standard deviation 7
    assert counts.min() > 60 - 5 * 7
    assert counts.max() < 60 + 5 * 7


def evolution(population: int, sample: int) -> AgingEvolution:
    return AgingEvolution(SPACE, 0, lambda arch: True, population=population, sample=sample)


def is_one_step_from(child: ToyArch, parent: tuple[int, ...]) -> bool:
    return sum(a != b for a, b in zip(child.genes, parent, strict=True)) == 1


def test_evolution_mutates_the_best_of_a_tournament_of_all() -> None:
    strategy = evolution(population=4, sample=4)
    for number, digit in enumerate((1, 2, 4, 0)):
        strategy.tell(toy_trial(number, (digit,) * 6))
    assert all(is_one_step_from(strategy.ask(n), (4,) * 6) for n in range(4, 40))


def test_evolution_lets_the_oldest_die_not_the_worst() -> None:
    strategy = evolution(population=3, sample=3)
    for number, digit in enumerate((4, 0, 1, 2)):  # the fourth pushes out the first, which is the best
        strategy.tell(toy_trial(number, (digit,) * 6))
    assert all(is_one_step_from(strategy.ask(n), (2,) * 6) for n in range(4, 40))


def test_evolution_with_a_tournament_of_one_drifts() -> None:
    strategy = evolution(population=3, sample=1)
    for number, digit in enumerate((4, 0, 1)):
        strategy.tell(toy_trial(number, (digit,) * 6))
    parents = {
        digit for n in range(3, 60) for digit in (4, 0, 1) if is_one_step_from(strategy.ask(n), (digit,) * 6)
    }
    assert parents == {4, 0, 1}


def test_evolution_fills_its_population_with_random_networks() -> None:
    strategy = evolution(population=5, sample=2)
    strategy.tell(toy_trial(0, (0,) * 6))
    children = [strategy.ask(n) for n in range(1, 5)]
    assert not all(is_one_step_from(child, (0,) * 6) for child in children)


def test_evolution_beats_random_search_on_a_smooth_landscape() -> None:
    def best(name: str, seed: int) -> float:
        return max(sum(arch.genes) for arch in play(make(name, seed), 80))

    evolved = [best("aging_evolution", seed) for seed in range(10)]
    drawn = [best("random", seed) for seed in range(10)]
    assert np.mean(evolved) > np.mean(drawn)


def test_local_search_climbs_from_the_best_and_from_the_second_best_after_it() -> None:
    strategy = make("local_search")
    best, second = (4, 4, 4, 4, 4, 3), (0,) * 6
    strategy.tell(toy_trial(0, second))
    strategy.tell(toy_trial(1, best))
    assert all(is_one_step_from(strategy.ask(n), best) for n in range(2, 30))
    for number, neighbour in enumerate(SPACE.neighbours(ToyArch(best)), start=2):
        strategy.tell(Trial(number, SPACE.to_json(neighbour), SPACE.key(neighbour), Outcome.FAILED))
    assert is_one_step_from(strategy.ask(50), second)


def test_local_search_reaches_the_top_of_a_smooth_landscape() -> None:
    # 24 neighbours, at most 24 steps up; first improvement needs far fewer than all of them.
    assert ToyArch((4,) * 6) in play(make("local_search"), 250)
