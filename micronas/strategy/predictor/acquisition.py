"""Acquisition functions: the gain in reward, or in the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from micronas.config import RewardConfig
from micronas.memory.ledger import Budget
from micronas.strategy.nsga2 import costs_of
from micronas.strategy.pareto import sort_fronts
from micronas.strategy.predictor.candidate import ScoredCandidate, Tried
from micronas.strategy.predictor.ehvi import AttainedError
from micronas.strategy.predictor.expected_improvement import expected_improvement
from micronas.strategy.predictor.gaussian_process import Posterior
from micronas.strategy.reward import reward

Vector = npt.NDArray[np.float64]


class Acquisition(Protocol):
    """Selects the parents of new candidates, and rates each candidate."""

    def parents(self, tried: Sequence[Tried]) -> list[Tried]:
        """The networks to mutate, from at least one tried."""
        ...

    def gains(
        self,
        tried: Sequence[Tried],
        candidates: Sequence[ScoredCandidate],
        log_error: Posterior,
        ms: Vector | None,
    ) -> Vector:
        """Expected gain over the networks ``tried``; ``ms`` are predicted, None if nothing ran."""
        ...


class RewardImprovement:
    """Expected improvement of the reward (Jones, Schonlau and Welch 1998) over the best observed one."""

    PARENTS = 5

    def __init__(self, config: RewardConfig) -> None:
        self._config = config

    def parents(self, tried: Sequence[Tried]) -> list[Tried]:
        """The best by reward."""
        return sorted(tried, key=lambda t: -t.scores.reward)[: self.PARENTS]

    def gains(
        self,
        tried: Sequence[Tried],
        candidates: Sequence[ScoredCandidate],
        log_error: Posterior,
        ms: Vector | None,
    ) -> Vector:
        """The reward is the accuracy times a latency factor, which gives the error needed to improve."""
        factors = np.ones(len(candidates))
        if ms is not None:
            factors = np.array([reward(1.0, float(each), self._config) for each in ms])
        best = max(t.scores.reward for t in tried)
        shortfall = expected_improvement(1.0 - best / factors, log_error.mean, log_error.observed_spread)
        return np.asarray(factors * shortfall, np.float64)


class HypervolumeImprovement:
    """Expected gain of hypervolume over error, flash, SRAM and, if networks run, latency."""

    def __init__(self, budget: Budget, latency_ms: float | None, error_limit: float) -> None:
        """The reference: the budgets, and the latency limit or otherwise the slowest network so far."""
        self._budget, self._latency_ms, self._error_limit = budget, latency_ms, error_limit

    def parents(self, tried: Sequence[Tried]) -> list[Tried]:
        """The non-dominated ones."""
        return [tried[i] for i in sort_fronts(np.array([costs_of(t.scores) for t in tried]))[0]]

    def gains(
        self,
        tried: Sequence[Tried],
        candidates: Sequence[ScoredCandidate],
        log_error: Posterior,
        ms: Vector | None,
    ) -> Vector:
        """See ``front_gain``."""
        known_ms = None if ms is None else np.array([t.scores.latency.ms for t in tried if t.scores.latency])
        slowest_ms = self._latency_ms or (1.0 if known_ms is None else float(known_ms.max()))
        bytes_tried = [(t.scores.flash_bytes, t.scores.sram_bytes) for t in tried]
        attained = AttainedError(
            self._costs(bytes_tried, known_ms, slowest_ms),
            np.array([t.error for t in tried]),
            self._error_limit,
        )
        costs = self._costs([(c.flash_bytes, c.sram_bytes) for c in candidates], ms, slowest_ms)
        return attained.expected_hypervolume_improvement(
            np.minimum(costs, 1.0), log_error.mean, log_error.observed_spread
        )

    def _costs(self, sizes: Sequence[tuple[int, int]], ms: Vector | None, slowest_ms: float) -> Vector:
        shares = np.array(sizes, np.float64) / (self._budget.flash_bytes, self._budget.sram_bytes)
        return shares if ms is None else np.column_stack([shares, ms / slowest_ms])
