"""What a run's latencies mean to the differentiable search: operations, by the pace of what had run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import DataConfig, RewardConfig
from micronas.estimate.dnas.backbone import Backbone
from micronas.estimate.dnas.cost_tables import CostTables
from micronas.estimate.dnas.limits import Aims
from micronas.estimate.dnas.search import Learned
from micronas.ledger import Budget, Ledger, make_ledger
from micronas.lowering import Target
from micronas.net import shape_graph
from micronas.space import Arch
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas import Dnas
from micronas.strategy.pace import Pace
from micronas.strategy.problem import Problem
from micronas.trial import Latency, Outcome, Scores, Source, Trial

BOARD = load_board("nucleo_f446re")
SPACE = LayerwiseSpace((28, 28, 1), 10, Limits(max_blocks=3))


def ran(number: int, macs: int, ms: float, source: Source = Source.EMULATED) -> Trial:
    scores = Scores(0.5, 0.5, 1, 1, macs, 1, Latency(ms, source), 0.5, 1, 0.0)
    return Trial(number, None, str(number), Outcome.COMPLETE, scores)


def test_the_pace_is_of_what_ran_on_the_device_below_a_number() -> None:
    pace = Pace()
    assert pace.ms_per_mac() is None
    pace.tell(Trial(0, None, "0", Outcome.INFEASIBLE))
    pace.tell(ran(1, 1000, 99.0, Source.PREDICTED))
    assert pace.ms_per_mac() is None
    pace.tell(ran(2, 1000, 2.0))
    pace.tell(ran(3, 2000, 8.0))
    assert pace.ms_per_mac(before=3) == pytest.approx(0.002)
    assert pace.ms_per_mac() == pytest.approx((2000 + 16000) / 5e6)


def ledger(arch: Arch) -> Ledger:
    return make_ledger(shape_graph(SPACE.net(arch)), BOARD)


class Supernet:
    """Wants the widest of everything, with a little doubt; remembers what it was to aim at."""

    def __init__(self) -> None:
        self.aims: list[Aims] = []

    def __call__(self, backbone: Backbone, tables: CostTables, aims: Aims, seed: int) -> Learned:
        self.aims.append(aims)
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


def test_operations_are_limited_to_what_the_latency_budget_buys() -> None:
    supernet = Supernet()
    free = dnas(supernet, problem(latency_ms=2.0))
    wide = SPACE.net(free.ask(3)).macs
    assert supernet.aims[-1].limits.macs == math.inf  # nothing had run
    bound = dnas(supernet, problem(latency_ms=2.0))
    bound.tell(ran(0, wide, 4.0))
    assert SPACE.net(bound.ask(4)).macs <= supernet.aims[-1].limits.macs == pytest.approx(wide / 2)
    assert supernet.aims[-1].pull is None


def test_a_target_pulls_as_the_reward_does() -> None:
    supernet = Supernet()
    wish = RewardConfig(target_ms=3.0, exponent=0.2, mode="hard")
    strategy = dnas(supernet, problem(reward=wish))
    strategy.tell(ran(0, 1000, 1.0))
    strategy.ask(4)
    pull = supernet.aims[-1].pull
    assert pull is not None
    assert (pull.macs, pull.exponent, pull.hard) == (pytest.approx(3000.0), 0.2, True)
    assert supernet.aims[-1].limits.macs == math.inf


def test_a_resumed_run_aims_at_what_was_known_at_the_first_ask_of_a_supernet() -> None:
    """Two workers: ask 4 comes when trials 0 to 2 are told; ask 6, of the same supernet, when 0 to 4 are."""
    whole, resumed = Supernet(), Supernet()
    told = [ran(number, 1000, 1.0 + number) for number in range(5)]
    asked = dnas(whole, problem(latency_ms=2.0, workers=2))
    for trial in told[:3]:
        asked.tell(trial)
    asked.ask(4)
    for trial in told[3:]:
        asked.tell(trial)
    archs = [asked.ask(6)]
    again = dnas(resumed, problem(latency_ms=2.0, workers=2))
    for trial in told:
        again.tell(trial)
    archs.append(again.ask(6))
    assert resumed.aims == whole.aims
    assert whole.aims[0].limits.macs == pytest.approx(2.0 / 0.002)
    assert archs[0] == archs[1]


def test_a_network_too_slow_at_its_narrowest_is_cut_to_the_bytes_alone() -> None:
    strategy = dnas(Supernet(), problem(latency_ms=1e-6))
    strategy.tell(ran(0, 1000, 1.0))
    small = problem()
    assert small.fits(strategy.ask(4))
