"""Reward: accuracy x (T_target / T)^k, worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.config import RewardConfig
from micronas.errors import RewardError
from micronas.strategy.reward import reward

SOFT = RewardConfig(target_ms=10.0, exponent=0.5, mode="soft")
HARD = RewardConfig(target_ms=10.0, exponent=0.5, mode="hard")


@pytest.mark.parametrize(
    ("config", "latency_ms", "expected"),
    [
        (SOFT, 10.0, 0.8),
        (SOFT, 40.0, 0.4),  # a quarter of the speed: sqrt(1/4) = 1/2
        (SOFT, 2.5, 1.6),
        (HARD, 40.0, 0.4),
        (HARD, 2.5, 0.8),
        (HARD, 10.0, 0.8),
        (RewardConfig(), 3.0, 0.8),
        (SOFT, None, 0.8),
    ],
)
def test_worked_examples(config: RewardConfig, latency_ms: float | None, expected: float) -> None:
    assert reward(0.8, latency_ms, config) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("latency_ms", [0.0, -1.0, math.nan, math.inf])
def test_a_latency_that_is_no_time_is_refused(latency_ms: float) -> None:
    with pytest.raises(RewardError, match="latency"):
        reward(0.8, latency_ms, SOFT)


@pytest.mark.parametrize("accuracy", [math.nan, -0.1, 1.1])
def test_an_accuracy_outside_0_to_1_is_refused(accuracy: float) -> None:
    with pytest.raises(RewardError, match="accuracy"):
        reward(accuracy, 1.0, SOFT)


@given(
    accuracy=st.floats(0.01, 1.0),
    fast=st.floats(0.1, 100.0),
    slower=st.floats(1.01, 100.0),
    mode=st.sampled_from(["soft", "hard"]),
)
def test_slower_is_never_worth_more(accuracy: float, fast: float, slower: float, mode: str) -> None:
    config = RewardConfig(target_ms=10.0, exponent=0.3, mode=mode)
    assert reward(accuracy, fast * slower, config) <= reward(accuracy, fast, config)
