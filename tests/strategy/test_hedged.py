"""Supernets beside random search: turns, the decision, and that a resumed run comes to the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig, StrategyConfig
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.model.net import shape_graph
from micronas.space import Arch, Space
from micronas.space.cell import CellSpace
from micronas.space.cell.arch import CellLimits
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy import Problem, Strategy, make_strategy
from micronas.strategy.darts.strategy import Darts
from micronas.strategy.dnas.strategy import Dnas
from micronas.strategy.hedged import SAMPLE, Hedged
from micronas.trial import Outcome, Trial
from tests.support.search_fakes import toy_scores

BOARD = load_board("nucleo_f446re")
FIRST = 3


@dataclass
class Kind:
    """A strategy that proposes its own name."""

    name: str
    asked: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)

    def ask(self, number: int) -> Arch:
        self.asked.append(number)
        return self.name  # type: ignore[return-value]

    def tell(self, trial: Trial) -> None:
        self.told.append(trial.number)


def trial(number: int, reward: float | None) -> Trial:
    if reward is None:
        return Trial(number, {}, str(number), Outcome.FAILED)
    return Trial(
        number, {}, str(number), Outcome.COMPLETE, scores=replace(toy_scores([1] * 6), reward=reward)
    )


def hedged(workers: int = 1) -> tuple[Hedged, Kind, Kind, list[str]]:
    own, random, said = Kind("dnas"), Kind("random"), list[str]()
    made = Hedged("dnas", own, random, first_ask=FIRST, workers=workers, say=said.append)
    return made, own, random, said


def rewards(kind: str, number: int, *, better: str) -> float:
    """The worst network of the better kind is worse than all others: only its better half counts."""
    if kind == better:
        return 0.1 if number < FIRST + 4 else 0.9
    return 0.8


@pytest.mark.parametrize("better", ["dnas", "random"])
def test_the_kind_whose_better_half_is_better_goes_on_alone(better: str) -> None:
    strategy, own, random, said = hedged()
    for number in range(FIRST):
        strategy.tell(trial(number, 1.0))  # baselines belong to neither
    kinds = []
    for number in range(FIRST, FIRST + 2 * SAMPLE + 6):
        kinds.append(str(strategy.ask(number)))
        strategy.tell(trial(number, rewards(kinds[-1], number, better=better)))
    assert kinds == ["dnas", "random"] * SAMPLE + [better] * 6
    assert own.told == random.told == list(range(FIRST + 2 * SAMPLE + 6))
    assert bool(said) == (better == "random")
    if said:
        assert "the better half of its supernet has a mean reward of 0.800" in said[0]
        assert "that of random networks 0.900; the remaining trials are random" in said[0]


def test_equal_kinds_leave_the_search_to_the_supernets() -> None:
    strategy, _, _, said = hedged()
    for number in range(FIRST, FIRST + 2 * SAMPLE):
        strategy.ask(number)
        strategy.tell(trial(number, 0.5))
    assert strategy.ask(FIRST + 2 * SAMPLE + 1) == "dnas"
    assert not said


def test_failures_do_not_count() -> None:
    strategy, _, _, _ = hedged()
    kinds = []
    for number in range(FIRST, FIRST + 4 * SAMPLE):
        kinds.append(str(strategy.ask(number)))
        strategy.tell(trial(number, None if kinds[-1] == "random" and number % 4 == 0 else 0.5))
    assert kinds.index("dnas") == 0
    assert kinds[: 4 * SAMPLE - 2] == ["dnas", "random"] * (2 * SAMPLE - 1), (
        "eight random ones need 32 trials"
    )


def test_with_workers_and_after_a_restart_the_same_trials_are_asked_of_the_same_kind() -> None:
    workers, last = 3, FIRST + 2 * SAMPLE + 8

    def reward(number: int) -> float:
        return 0.9 if (number - FIRST) % 2 else 0.2

    whole, _, _, _ = hedged(workers)
    kinds = {}
    for number in range(FIRST, last):
        if number - workers >= FIRST:
            whole.tell(trial(number - workers, reward(number - workers)))
        kinds[number] = whole.ask(number)
    assert kinds[FIRST + 2 * SAMPLE] == "dnas", "what still ran was not known"
    assert kinds[last - 1] == kinds[last - 2] == "random"
    for stop in range(FIRST, last):
        resumed, _, _, _ = hedged(workers)
        for number in range(FIRST, stop):  # all that were started have been reported
            resumed.tell(trial(number, reward(number)))
        assert resumed.ask(stop) == kinds[stop]


@pytest.mark.parametrize(
    ("name", "space"),
    [("dnas", LayerwiseSpace((8, 8, 1), 10, Limits())), ("darts", CellSpace((8, 8, 1), 10, CellLimits()))],
)
def test_it_is_the_default_and_can_be_switched_off(name: str, space: Space) -> None:
    def ledger(arch: Arch) -> Ledger:
        return make_ledger(shape_graph(space.net(arch)), BOARD, "micronas")

    problem = Problem(DataConfig(), Target(BOARD.core), Budget(200_000, 60_000), ledger)

    def made(config: StrategyConfig) -> Strategy:
        return make_strategy(config, space, 0, lambda arch: True, problem)

    assert isinstance(made(StrategyConfig(name=name)), Hedged)
    assert isinstance(made(StrategyConfig(name=name, hedged=False)), Dnas | Darts)
