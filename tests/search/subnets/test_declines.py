"""Shared weights that do not rank: when they decline, and that their time goes to the other trials."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.supernet.chance import continuing, declines
from micronas.config import FinalFitConfig
from micronas.estimate.agreement import MIN_NETWORKS, TRUSTED_TAU, Agreement
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.proposals import Proposals
from micronas.search.subnets.latency import ProfiledNetwork
from micronas.search.subnets.search import FoundSubnets
from micronas.search.subnets.strategy import SharedWeights, decision
from micronas.search.termination import CpuTimeTermination
from micronas.search.termination.cpu import FILES_CPU_S
from micronas.space import Arch
from micronas.store import Store
from micronas.strategy.random import RandomSearch
from micronas.trial import Outcome
from tests.support.search_fakes import toy_scores
from tests.support.toy_loop import make_loop
from tests.support.toy_subnets import AIM, FOUND_SUBNETS, SHAPES, SPACE, SUBNETS

SAMPLE = 5
TRIAL_S = 10.0


@pytest.mark.parametrize(
    ("tau", "networks", "is_whole", "expected"),
    [
        (TRUSTED_TAU, 6, True, False),
        (TRUSTED_TAU - 0.01, 6, True, True),
        (-0.01, MIN_NETWORKS, False, True),
        (0.0, MIN_NETWORKS, False, None),
        (1.0, MIN_NETWORKS, False, None),
        (-1.0, MIN_NETWORKS - 1, True, None),
    ],
)
def test_the_warning_and_the_decision_follow_from_one_limit(
    tau: float, networks: int, is_whole: bool, expected: bool | None
) -> None:
    ranking = Agreement("supernet", tau, networks)
    assert decision(ranking, is_whole=is_whole) is expected
    if networks >= MIN_NETWORKS:
        assert bool(ranking.warning) == (tau < TRUSTED_TAU)
    assert expected is not True or ranking.warning


def test_as_many_orders_of_six_pass_as_there_are_with_three_inversions_at_most() -> None:
    """Tau is 1 - 2 i / 15 for i inversions: at least .5 up to three. Mahonian numbers: 1 + 5 + 14 + 29."""
    orders = itertools.permutations(range(6))
    passed = sum(not declines(np.arange(6.0), np.array(order, np.float64)) for order in orders)
    assert passed == 49


def test_good_shared_weights_are_rarely_declined_and_chance_rarely_passes() -> None:
    """The figures of docs/background/shortcuts.md, by the calculation that they come from."""
    assert continuing(0.7, 6, 300) > 0.97
    assert 0.03 < continuing(0.0, 6, 300) < 0.12


class Clock:
    """CPU seconds, which a trial and the stage use up."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self.stages = 0

    def termination(self) -> CpuTimeTermination:
        return CpuTimeTermination(10.0, lambda: self.spent_s, FinalFitConfig(candidates=1))


class Run:
    """A search with shared weights in ten CPU minutes; ``direction`` is how well they rank."""

    def __init__(self, folder: Path, direction: float) -> None:
        self.clock = Clock()
        self.termination = self.clock.termination()
        self.said: list[str] = []
        self._direction = direction
        with Store.create(folder, {}) as store:
            loop = make_loop(
                store, evaluate=self._evaluate, termination=self.termination, proposer=self._proposer
            )
            self.archs = [record.trial.arch for record in loop.run()]

    def _proposer(self, proposals: Proposals) -> SharedWeights:
        return SharedWeights(
            SHAPES,
            0,
            proposals.accept,
            self._find,
            lambda number: [],
            sample=SAMPLE,
            aim=AIM,
            otherwise=RandomSearch(SPACE, 3, proposals.accept),
            say=self.said.append,
        )

    def _find(self, ran: Sequence[ProfiledNetwork]) -> FoundSubnets:
        self.clock.spent_s += self.termination.stage_limit().cpu_s
        self.clock.stages += 1
        self.termination.stage_done()
        return FOUND_SUBNETS

    def _evaluate(self, task: TrialTask) -> TrialResult:
        self.clock.spent_s += TRIAL_S
        shared = {s.key: s.quality_shared for s in SUBNETS}.get(task.key, 0.0)
        scores = replace(toy_scores([1] * 6), quality_int8=0.5 + 0.4 * self._direction * shared)
        return TrialResult(Outcome.COMPLETE, scores, tflite=b"network")

    @property
    def subnets(self) -> list[bool]:
        """Of each trial, whether shared weights proposed it."""
        found: list[Arch] = [s.arch for s in SUBNETS]
        return [arch in found for arch in self.archs]


def test_after_the_decline_all_of_the_time_is_for_other_trials_and_the_final_training(tmp_path: Path) -> None:
    ranks, declined = Run(tmp_path / "ranks", 1.0), Run(tmp_path / "declined", -1.0)
    assert (bool(ranks.said), bool(declined.said)) == (False, True)
    assert declined.clock.stages == 1, "nothing is trained with shared weights after it"
    assert declined.subnets.count(True) == 7, "six until four of the sample are trained, and the one before"
    assert declined.subnets[:7] == [True] * 7
    assert len(declined.archs) == len(ranks.archs) > 2 * 7, "until the time of the trials is over"
    stage_s = declined.clock.spent_s - TRIAL_S * len(declined.archs)
    assert stage_s == pytest.approx(0.4 * 420)
    trials_end_s = 600 * 0.7  # the final training has 0.3 until a trial says what it takes
    assert trials_end_s - TRIAL_S < declined.clock.spent_s <= trials_end_s
    left_s = declined.termination.final_fit_cpu_s(1)
    left = 600 - FILES_CPU_S - declined.clock.spent_s
    assert left_s == pytest.approx(left), "what the stage and the trials left"
