"""What a run's latencies mean to the differentiable search: operations, by the regression of what had run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig, RewardConfig
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.model.net import shape_graph
from micronas.space import Arch
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas.backbone import ChoiceBackbone, draw_layout, make_backbone
from micronas.strategy.dnas.choice import choice_costs, drawn_choice
from micronas.strategy.dnas.cost_tables import MS, CostTables, MacThroughput, make_cost_tables, values_written
from micronas.strategy.dnas.limits import CostConstraints, LatencyPenalty
from micronas.strategy.dnas.search import Learned
from micronas.strategy.dnas.strategy import Dnas
from micronas.strategy.latency_regression import LatencyRegression
from micronas.strategy.problem import Problem
from micronas.trial import Latency, Outcome, Scores, Source, Trial

BOARD = load_board("nucleo_f446re")
SPACE = LayerwiseSpace((28, 28, 1), 10, Limits(max_blocks=3))


def ran(number: int, arch: int, ms: float, source: Source = Source.EMULATED) -> Trial:
    """A baseline network of the space, by its place in the list, that took ``ms``."""
    network = SPACE.baselines()[arch]
    macs = SPACE.net(network).macs
    scores = Scores(0.5, 0.5, 1, 1, macs, 1, Latency(ms, source), 0.5, 1, 0.0)
    return Trial(number, SPACE.to_json(network), str(number), Outcome.COMPLETE, scores)


def took(arch: int, speed: MacThroughput) -> float:
    net = SPACE.net(SPACE.baselines()[arch])
    return speed.per_mac * net.macs + speed.per_value * values_written(shape_graph(net))


def test_the_pace_is_of_what_ran_on_the_device_below_a_number() -> None:
    regression, truth = LatencyRegression(SPACE), MacThroughput(2e-5, 3e-4)
    assert regression.speed() is None
    regression.tell(Trial(0, None, "0", Outcome.INFEASIBLE))
    regression.tell(ran(1, 0, 99.0, Source.PREDICTED))
    assert regression.speed() is None
    for number, arch in ((2, 0), (3, 5), (4, 10)):
        regression.tell(ran(number, arch, took(arch, truth)))
    regression.tell(ran(5, 2, 1e4))
    found = regression.speed(before=5)
    assert found is not None
    assert (found.per_mac, found.per_value) == (pytest.approx(2e-5), pytest.approx(3e-4))
    assert regression.speed() != found


def test_the_tables_predict_what_the_whole_network_does() -> None:
    speed = MacThroughput(2e-5, 3e-4)
    backbone = make_backbone(SPACE, draw_layout(SPACE, 16, np.random.default_rng(0)))
    tables = make_cost_tables(backbone, Target(BOARD.core), speed)
    rng = np.random.default_rng(1)
    for _ in range(20):
        choice = drawn_choice([np.ones(n, np.float32) for n in backbone.decision_sizes], backbone, rng)
        net = SPACE.net(choice.arch(SPACE, backbone))
        expected = speed.per_mac * net.macs + speed.per_value * values_written(shape_graph(net))
        assert choice_costs(choice, tables).ms == pytest.approx(expected)


def ledger(arch: Arch) -> Ledger:
    return make_ledger(shape_graph(SPACE.net(arch)), BOARD)


class Supernet:
    """Wants the widest of everything, with a little doubt; remembers what it was to aim at."""

    def __init__(self) -> None:
        self.aims: list[CostConstraints] = []
        self.heads: list[np.ndarray] = []

    def __call__(
        self, backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int
    ) -> Learned:
        self.aims.append(aims)
        self.heads.append(tables.head[..., MS])
        wanted = [
            np.eye(n, dtype=np.float32)[-1] * 0.9 + np.float32(0.1 / n) for n in backbone.decision_sizes
        ]
        for i in range(4, len(wanted), 3):
            wanted[i] = wanted[i][::-1]
        return Learned(tuple(wanted), 1, (), (), 0.0)


def problem(**changes: object) -> Problem:
    wide = Problem(DataConfig(), Target(BOARD.core), Budget(60_000, 40_000), ledger)
    return replace(wide, **changes)  # type: ignore[arg-type]


def dnas(supernet: Supernet, of: Problem, draws: int = 4) -> Dnas:
    return Dnas(SPACE, 0, lambda arch: True, of, supernet, draws)


def predicted_ms(arch: Arch, observed: list[Trial]) -> float:
    regression = LatencyRegression(SPACE)
    for trial in observed:
        regression.tell(trial)
    speed = regression.speed()
    assert speed is not None
    net = SPACE.net(arch)
    return speed.per_mac * net.macs + speed.per_value * values_written(shape_graph(net))


def test_what_the_latency_budget_rules_out_is_not_proposed() -> None:
    supernet, observed = Supernet(), [ran(0, 10, 4.0), ran(1, 5, 9.0)]
    free = dnas(supernet, problem(latency_ms=2.0))
    limit_ms = predicted_ms(free.ask(3), observed) / 2
    assert supernet.aims[-1].limits.ms == math.inf  # nothing had run
    bound = dnas(supernet, problem(latency_ms=limit_ms))
    for trial in observed:
        bound.tell(trial)
    for number in (4, 5, 6):
        assert predicted_ms(bound.ask(number), observed) <= limit_ms
    assert supernet.aims[-1].limits.ms == limit_ms
    assert supernet.aims[-1].pull is None


def test_a_target_pulls_as_the_reward_does() -> None:
    supernet = Supernet()
    wish = RewardConfig(target_ms=3.0, exponent=0.2, mode="hard")
    strategy = dnas(supernet, problem(reward=wish))
    strategy.ask(0)
    assert supernet.aims[-1].pull is None  # nothing had run
    strategy.tell(ran(0, 5, 1.0))
    strategy.ask(4)
    assert supernet.aims[-1].pull == LatencyPenalty(3.0, 0.2, hard=True)
    assert supernet.aims[-1].limits.ms == math.inf


def test_a_resumed_run_predicts_by_what_was_known_at_the_first_ask_of_a_supernet() -> None:
    """Two workers: ask 4 comes when trials 0 to 2 are reported; ask 6, of the same supernet, at 0 to 4."""
    whole, resumed = Supernet(), Supernet()
    observed = [ran(number, 2 * number, 1.0 + number) for number in range(5)]
    asked = dnas(whole, problem(latency_ms=2.0, workers=2))
    for trial in observed[:3]:
        asked.tell(trial)
    asked.ask(4)
    for trial in observed[3:]:
        asked.tell(trial)
    archs = [asked.ask(6)]
    again = dnas(resumed, problem(latency_ms=2.0, workers=2))
    for trial in observed:
        again.tell(trial)
    archs.append(again.ask(6))
    np.testing.assert_array_equal(resumed.heads[0], whole.heads[0])
    assert whole.heads[0].any()
    assert archs[0] == archs[1]


def test_a_network_too_slow_at_its_narrowest_is_cut_to_the_bytes_alone() -> None:
    strategy = dnas(Supernet(), problem(latency_ms=1e-6))
    strategy.tell(ran(0, 5, 1.0))
    assert problem().fits(strategy.ask(4))
