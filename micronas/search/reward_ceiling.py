"""The best reward that a network can have, which its latency limits: a slow one may not be worth a trial."""

from __future__ import annotations

from collections.abc import Callable

from micronas.config import SearchConfig
from micronas.search.predicted_latency.modelled import NetLatency
from micronas.space import Arch
from micronas.strategy.reward import reward

AIM_AT_REWARD = ("random", "aging_evolution", "local_search", "reinforce", "predictor_reward")
"""Strategies for which a network that cannot have the best reward is of no use; others look for a front."""


def reward_ceiling(config: SearchConfig, latency: NetLatency | None) -> Callable[[Arch], float] | None:
    """The reward of a perfect network at its modelled latency; None where latency does not change a reward.

    None with a reward function of the user's, too, which may do anything.
    """
    if latency is None or config.reward.target_ms is None or config.reward.function is not None:
        return None
    return lambda arch: reward(1.0, latency.of(arch).ms, config.reward)
