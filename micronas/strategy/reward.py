"""Reward: accuracy x (T_target / T)^k (MnasNet, Tan et al. 2019, eq. 2 and 3), a pure function.

Budgets are not part of it: a network over a budget is INFEASIBLE and has no reward.
"""

from __future__ import annotations

import math

from micronas.config import RewardConfig
from micronas.errors import RewardError
from micronas.host.plugin import Part, find, short_name


def reward(accuracy: float, latency_ms: float | None, config: RewardConfig) -> float:
    """The figure that strategies maximise.

    ``accuracy`` is 0..1. ``soft`` multiplies by (target / latency)^exponent always, so that a network
    faster than the target gains; ``hard`` only when it is slower. Without a target, or without a
    latency, the reward is the accuracy alone. ``config.function`` is a function of the user's of the same two
    figures, in place of all this.

    >>> reward(0.9, 20.0, RewardConfig(target_ms=10.0, exponent=1.0, mode="hard"))
    0.45

    Raises ``RewardError`` for a NaN, an accuracy outside 0..1 or a latency that is not above zero.
    """
    if not 0.0 <= accuracy <= 1.0:  # also catches NaN
        raise RewardError(f"accuracy {accuracy} is not within 0..1")
    if config.function is not None:
        return _own(accuracy, latency_ms, config.function)
    if latency_ms is None:
        return accuracy
    if not (math.isfinite(latency_ms) and latency_ms > 0.0):
        raise RewardError(
            f"latency {latency_ms} ms is not above zero",
            remedy="the cycle counter did not move, or nothing ran; `micronas doctor` checks the device",
        )
    if config.target_ms is None or (config.mode == "hard" and latency_ms <= config.target_ms):
        return accuracy
    return float(accuracy * (config.target_ms / latency_ms) ** config.exponent)


def _own(quality: float, latency_ms: float | None, function: str) -> float:
    """The user's function of the same two figures, in place of the formula."""
    value = find(function, Part.REWARD)(quality, latency_ms)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RewardError(
            f"reward function {short_name(function)} returned {value!r}", remedy="return a finite number"
        )
    return number
