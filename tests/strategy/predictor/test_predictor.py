"""The predictor as a strategy: what it asks for, learns and refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig, SpaceConfig, StrategyConfig
from micronas.errors import ConfigError
from micronas.estimate import check_estimator
from micronas.memory.ledger import Budget
from micronas.search.gate import LedgerGate
from micronas.space import make_space
from micronas.strategy import PREDICTORS, Strategy, make_strategy, searcher
from micronas.strategy.hypervolume import hypervolume
from micronas.strategy.predictor.candidate import Tried
from micronas.strategy.predictor.features import DEPTH, MACS, PARAMETERS, features
from micronas.strategy.predictor.gaussian_process import Scaling
from micronas.strategy.predictor.latency import Latencies
from micronas.strategy.problem import Problem
from micronas.strategy.random import RandomSearch
from micronas.trial import BUDGET_STAGE, PREDICTION_STAGE, Latency, Outcome, Scores, Source, Trial
from tests.support.predictor_fakes import BUDGET, toy_features, toy_predictor, toy_problem
from tests.support.search_fakes import ToyArch, ToySpace, toy_trial

SPACE = ToySpace()
SHAPES = {
    "layerwise": (16, 16, 1),
    "cell": (16, 16, 1),
    "micronets": (16, 16, 1),
    "mlp": (64,),
    "autoencoder": (64,),
}


def play(strategy: Strategy, trials: int) -> list[ToyArch]:
    asked = []
    for number in range(trials):
        asked.append(strategy.ask(number))
        strategy.tell(toy_trial(number, asked[-1].genes))
    return asked


def trials_to(target: int, strategy: Strategy) -> int:
    """Trials until the digits sum to ``target``."""
    sums = [sum(arch.genes) for arch in play(strategy, 60)]
    return next((i for i, total in enumerate(sums) if total >= target), len(sums))


def test_for_the_reward_it_reaches_the_top_in_far_fewer_trials_than_random_search() -> None:
    needed = [trials_to(23, toy_predictor("predictor_reward", seed)) for seed in range(5)]
    drawn = [trials_to(23, RandomSearch(SPACE, seed, lambda arch: True)) for seed in range(5)]
    assert max(needed) < 25
    assert min(drawn) == 60  # 7 of 15,625 words are that good


def volume(archs: list[ToyArch]) -> float:
    points = []
    for arch in archs:
        scores = toy_trial(0, arch.genes).scores
        assert scores is not None
        assert scores.latency is not None
        costs = (scores.flash_bytes / BUDGET.flash_bytes, scores.sram_bytes / BUDGET.sram_bytes)
        points.append((1.0 - scores.quality_int8, *costs, scores.latency.ms / 30.0))
    return hypervolume(points, (1.0,) * 4)


def test_for_the_front_it_covers_more_than_random_search() -> None:
    problem = toy_problem(latency_ms=30.0)
    for seed in range(5):
        guided = play(toy_predictor("predictor_front", seed, problem=problem), 25)
        drawn = play(RandomSearch(SPACE, seed, lambda arch: True), 25)
        assert volume(guided) > 1.2 * volume(drawn)


def test_aims_differ() -> None:
    sums = {name: [sum(arch.genes) for arch in play(toy_predictor(name, 1), 25)][8:] for name in PREDICTORS}
    assert np.mean(sums["predictor_reward"]) > np.mean(sums["predictor_front"]) + 4


def real_space(name: str = "layerwise") -> Any:
    return make_space(SpaceConfig(name=name, max_blocks=3, max_width=32), SHAPES[name], 4)


def real_trial(space: Any, number: int, arch: Any, gate: LedgerGate) -> Trial:
    """Larger is better, by the power law of no particular task."""
    net, ledger = space.net(arch), gate.ledger(arch)
    accuracy = 1.0 - 2.0 * net.parameters**-0.3
    latency = Latency(net.macs / 1e5, Source.EMULATED)
    scores = Scores(
        accuracy,
        accuracy,
        ledger.flash_bytes,
        ledger.sram_bytes,
        net.macs,
        net.parameters,
        latency,
        accuracy,
        1,
        0.0,
    )
    return Trial(number, space.to_json(arch), space.key(arch), Outcome.COMPLETE, scores)


@pytest.mark.parametrize("name", PREDICTORS)
def test_the_gate_finds_nothing_to_refuse(name: str) -> None:
    space, budget, board = real_space(), Budget(20_000, 14_000), load_board("nucleo_f446re")
    gate = LedgerGate(space, board, "micronas", budget)
    refused = []

    def accept(arch: Any) -> bool:
        fits = gate.verdict(arch).fits
        refused.append(not fits)
        return fits

    problem = Problem(DataConfig(), Target(board.core), budget, gate.ledger, error_limit=0.75)
    strategy = make_strategy(StrategyConfig(name=name, pool=12), space, 0, accept, problem)
    for number in range(12):
        if number == 6:
            assert any(refused)  # samples of the space do not all fit
            refused.clear()
        strategy.tell(real_trial(space, number, strategy.ask(number), gate))
    assert refused == [False] * 6


@pytest.mark.parametrize("name", SHAPES)
def test_networks_of_every_space_have_features(name: str) -> None:
    space, rng = real_space(name), np.random.default_rng(0)
    for arch in [*(space.sample(rng) for _ in range(20)), *space.baselines()]:
        net = space.net(arch)
        described = features(net)
        assert described.shape == (28,)
        assert np.isfinite(described).all()
        assert 2 ** described[[PARAMETERS, MACS]] == pytest.approx([net.parameters, net.macs])
        assert 1 <= 2 ** described[DEPTH] < len(net.nodes)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("aim", PREDICTORS)
def test_every_space_can_be_searched(name: str, aim: str) -> None:
    space, budget, board = real_space(name), Budget(400_000, 100_000), load_board("nucleo_f446re")
    gate = LedgerGate(space, board, "micronas", budget)
    problem = Problem(DataConfig(), Target(board.core), budget, gate.ledger, error_limit=0.75)
    strategy = make_strategy(StrategyConfig(name=aim, pool=4), space, 0, lambda arch: True, problem)
    for number in range(8):
        strategy.tell(real_trial(space, number, strategy.ask(number), gate))


def described(genes: tuple[int, ...], ms: float) -> Tried:
    scores = toy_trial(0, genes).scores
    assert scores is not None
    return Tried(
        ToyArch(genes), toy_features(ToyArch(genes)), replace(scores, latency=Latency(ms, Source.EMULATED))
    )


OBSERVED = [described((d,) * 6, 1.0 + 6 * d) for d in range(4)]
SCALING = Scaling.of(np.stack([toy_features(SPACE.sample(np.random.default_rng(i))) for i in range(50)]))


def test_latency_is_learnt_and_the_limit_is_a_chance() -> None:
    near = np.stack([toy_features(ToyArch((d,) * 6)) for d in (1, 2, 3)])
    ms, within = Latencies(SCALING, OBSERVED, [], 13.0).predict(near)
    assert ms == pytest.approx([7.0, 13.0, 19.0], rel=0.15)
    assert within[0] > 0.9
    assert 0.2 < within[1] < 0.8
    assert within[2] < 0.1
    assert Latencies(SCALING, OBSERVED, [], None).predict(near)[1].tolist() == [1.0, 1.0, 1.0]


def test_networks_that_broke_the_limit_are_learnt_from() -> None:
    """All that is known of them is that they were over it."""
    beyond = toy_features(ToyArch((2, 2, 2, 2, 2, 2)))[None, :]
    observed = [OBSERVED[0], OBSERVED[1]]
    before = Latencies(SCALING, observed, [], 13.0).predict(beyond)[1]
    after = Latencies(SCALING, observed, [beyond[0]], 13.0).predict(beyond)[1]
    assert after < 0.5 * before


def test_only_those_over_the_latency_limit_count_as_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[list[float]]] = []

    class Spy(Latencies):
        def __init__(self, scaling: Scaling, tried: Any, too_slow: Any, limit_ms: float | None) -> None:
            given.append([vector[4:].tolist() for vector in too_slow])
            super().__init__(scaling, tried, too_slow, limit_ms)

    monkeypatch.setattr("micronas.strategy.predictor.predictor.Latencies", Spy)
    strategy = toy_predictor("predictor_reward", problem=toy_problem(latency_ms=20.0))
    for digit in range(4):
        strategy.tell(toy_trial(digit, (digit,) * 6))
    strategy.tell(toy_trial(4, (1, 2, 3, 0, 1, 2)))
    ends = [("latency", Outcome.INFEASIBLE), (PREDICTION_STAGE, Outcome.INFEASIBLE)]
    others = [(BUDGET_STAGE, Outcome.INFEASIBLE), ("train", Outcome.FAILED)]
    for number, (stage, outcome) in enumerate([*ends, *others], start=5):
        trial = replace(toy_trial(number, (4, 4, 4, 4, 4, number - 5)), outcome=outcome, scores=None)
        strategy.tell(replace(trial, stage=stage))
    strategy.ask(9)
    assert given == [[[4, 4, 4, 4, 4, 0], [4, 4, 4, 4, 4, 1]]]


def test_without_a_budget_to_reckon_with_it_is_refused() -> None:
    for name in PREDICTORS:
        with pytest.raises(ConfigError, match=f"strategy {name} needs a budget"):
            make_strategy(StrategyConfig(name=name), SPACE, 0, lambda arch: True)


def test_shared_weights_are_refused_by_name() -> None:
    for name in PREDICTORS:
        for estimator in ("train", "short", "halving"):
            check_estimator(estimator, searcher(name), "cell")
        with pytest.raises(ConfigError, match=f"strategy {name} predicts accuracies itself") as caught:
            check_estimator("supernet", searcher(name), "layerwise")
        assert caught.value.remedy == "estimators here: train, short, halving"


def test_a_strategy_without_an_aim_gets_the_nearest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy(StrategyConfig(name="predictor_rewards"), SPACE, 0, lambda arch: True)
    assert caught.value.remedy == "did you mean 'predictor_reward'?"
