"""Expected gains against integrals that are done by drawing, and what each aim prefers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from micronas.config import RewardConfig
from micronas.strategy.hypervolume import hypervolume
from micronas.strategy.predictor import HypervolumeImprovement, RewardImprovement
from micronas.strategy.predictor.candidate import ScoredCandidate, Tried
from micronas.strategy.predictor.ehvi import AttainedError
from micronas.strategy.predictor.expected_improvement import expected_improvement, normal_cdf
from micronas.strategy.predictor.gaussian_process import Posterior
from micronas.trial import Latency, Scores, Source
from tests.support.predictor_fakes import BUDGET
from tests.support.search_fakes import ToyArch

NOTHING = np.zeros(1)


def test_the_normal_distribution_is_the_tables() -> None:
    assert normal_cdf(np.array([0.0, 1.0, -1.96])) == pytest.approx([0.5, 0.841345, 0.024998], abs=1e-6)


@pytest.mark.parametrize(
    ("threshold", "log_mean", "spread"), [(0.2, -1.5, 0.3), (0.05, -2.0, 0.8), (0.5, -4.0, 0.2)]
)
def test_the_shortfall_is_the_mean_over_draws(threshold: float, log_mean: float, spread: float) -> None:
    errors = np.exp(log_mean + spread * np.random.default_rng(0).normal(size=400_000))
    drawn = np.maximum(threshold - errors, 0.0)
    found = expected_improvement(np.array(threshold), np.array(log_mean), np.array(spread))
    assert found == pytest.approx(drawn.mean(), abs=5 * drawn.std() / math.sqrt(len(drawn)))


def test_nothing_falls_below_no_error() -> None:
    assert expected_improvement(np.array([0.0, -1.0]), np.zeros(2), np.ones(2)).tolist() == [0.0, 0.0]
    sure = expected_improvement(np.array([0.3]), np.log([0.1]), np.array([1e-6]))
    assert sure == pytest.approx([0.2])


@pytest.mark.parametrize("objectives", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 6])
def test_the_expected_volume_is_the_mean_over_draws(objectives: int, size: int) -> None:
    """The oracle: hypervolume with and without the network, for errors drawn from what is posterior_of."""
    rng = np.random.default_rng([objectives, size])
    limit = 0.9
    costs, errors = rng.uniform(0.05, 1.1, size=(size, objectives)), rng.uniform(0.02, 1.0, size=size)
    front = [(error / limit, *cost) for error, cost in zip(errors, costs, strict=True)]
    candidates = rng.uniform(0.1, 1.05, size=(4, objectives))
    log_mean, spread = np.log(rng.uniform(0.05, 0.6, size=4)), rng.uniform(0.1, 0.8, size=4)
    found = AttainedError(costs, errors, limit).expected_hypervolume_improvement(candidates, log_mean, spread)
    reference = (1.0,) * (1 + objectives)
    before = hypervolume(front, reference)
    for i, cost in enumerate(candidates):
        drawn = np.exp(log_mean[i] + spread[i] * rng.normal(size=1500)) / limit
        gains = np.array([hypervolume([*front, (error, *cost)], reference) - before for error in drawn])
        assert found[i] == pytest.approx(gains.mean(), abs=1e-9 + 5 * gains.std() / math.sqrt(len(gains)))


def test_a_sure_error_gains_exactly_what_it_adds() -> None:
    costs, errors = np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0.1, 0.3])
    gain = AttainedError(costs, errors, 1.0).expected_hypervolume_improvement(
        np.array([[0.4, 0.6]]), np.log([0.2]), np.array([1e-9])
    )
    front = [(0.1, 0.5, 0.5), (0.3, 0.2, 0.8)]
    with_it = hypervolume([*front, (0.2, 0.4, 0.6)], (1.0,) * 3)
    assert gain == pytest.approx([with_it - hypervolume(front, (1.0,) * 3)])


def tried(error: float, flash_bytes: int, ms: float | None = None, factor: float = 1.0) -> Tried:
    latency = None if ms is None else Latency(ms, Source.EMULATED)
    accuracy = 1.0 - error
    scores = Scores(accuracy, accuracy, flash_bytes, 30, 1, 1, latency, factor * accuracy, 1, 0.0)
    return Tried(ToyArch((0,) * 6), NOTHING, scores)


def candidate(flash_bytes: int = 1500, sram_bytes: int = 30) -> ScoredCandidate:
    return ScoredCandidate(ToyArch((0,) * 6), NOTHING, flash_bytes, sram_bytes)


def posterior_of(*errors: float, spread: float = 0.2) -> Posterior:
    return Posterior(np.log(errors), np.full(len(errors), spread), 0.05)


def test_for_the_reward_the_lower_error_is_preferred_and_the_less_certain_one() -> None:
    known = [tried(0.2, 1500)]
    aim = RewardImprovement(RewardConfig())
    better, same = aim.gains(known, [candidate(), candidate()], posterior_of(0.1, 0.2), None)
    assert better > same > 0
    wide = aim.gains(known, [candidate()], posterior_of(0.25, spread=0.5), None)
    narrow = aim.gains(known, [candidate()], posterior_of(0.25, spread=0.05), None)
    assert wide > 2 * narrow


def test_for_the_reward_size_is_nothing_and_time_is_what_it_costs() -> None:
    aim = RewardImprovement(RewardConfig(target_ms=10.0, exponent=0.5, mode="hard"))
    gains = aim.gains(
        [tried(0.2, 1500, 10.0)],
        [candidate(), candidate(flash_bytes=100), candidate(), candidate()],
        posterior_of(0.15, 0.15, 0.15, 0.15),
        np.array([10.0, 10.0, 20.0, 2.0]),
    )
    assert gains[0] == gains[1] == gains[3]
    assert gains[2] < 0.1 * gains[0]  # 0.85 / sqrt(2) is far below 0.8


def test_the_expected_reward_is_the_mean_over_draws() -> None:
    aim = RewardImprovement(RewardConfig(target_ms=10.0, exponent=0.3, mode="soft"))
    known = [tried(0.3, 1500, 12.0, factor=0.95)]
    posterior = posterior_of(0.25, spread=0.3)
    errors = np.exp(
        posterior.mean + posterior.observed_spread * np.random.default_rng(0).normal(size=400_000)
    )
    drawn = np.maximum((1.0 - errors) * (10.0 / 15.0) ** 0.3 - 0.95 * 0.7, 0.0)
    gain = aim.gains(known, [candidate()], posterior, np.array([15.0]))
    assert gain == pytest.approx([drawn.mean()], abs=5 * drawn.std() / math.sqrt(len(drawn)))


def test_for_the_front_the_smaller_and_the_faster_are_preferred() -> None:
    aim = HypervolumeImprovement(BUDGET, 20.0, 0.9)
    gains = aim.gains(
        [tried(0.2, 1500, 10.0)],
        [candidate(1500), candidate(700), candidate(1500), candidate(1500)],
        posterior_of(0.2, 0.2, 0.2, 0.2),
        np.array([10.0, 10.0, 4.0, 25.0]),
    )
    assert gains[1] > 2 * gains[0]
    assert gains[2] > 2 * gains[0]
    assert gains[3] == 0.0  # over the limit


def test_for_the_front_what_nothing_is_expected_of_gains_nothing() -> None:
    aim = HypervolumeImprovement(BUDGET, None, 0.9)
    gains = aim.gains([tried(0.1, 800)], [candidate(1500, 40)], posterior_of(0.5, spread=0.1), None)
    assert gains == pytest.approx([0.0], abs=1e-9)


def test_parents_are_the_best_and_the_front() -> None:
    known = [tried(0.3, 100), tried(0.2, 900), tried(0.25, 1200), tried(0.1, 1500)]
    front = HypervolumeImprovement(BUDGET, None, 0.9).parents(known)
    assert [t.scores.flash_bytes for t in front] == [100, 900, 1500]
    best = RewardImprovement(RewardConfig()).parents(known * 2)
    assert [t.error for t in best] == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.25])
