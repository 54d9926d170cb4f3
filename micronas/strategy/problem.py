"""Input of strategies that train a supernet or predict, in addition to the space and the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from micronas.codegen.lowering import Target
from micronas.config import DataConfig, RewardConfig
from micronas.latency.op_model import BoardLatency
from micronas.memory.ledger import Budget, Ledger, check
from micronas.space import Arch, Space
from micronas.strategy.supernet_series import SupernetStore
from micronas.trial import Latency

DEADLINE_S = 1800.0
"""Deadline of one differentiable search: many times its length, so that only a fault reaches it."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, target and budget of a search; ``ledger`` is the exact one that its gate uses.

    ``latency_ms`` and ``macs`` limit a network's latency and multiply-accumulate operations, None for no
    limit; ``macs_of`` counts those of an architecture, and is needed with ``macs``. ``reward`` is the reward
    to maximise, and ``error_limit`` the error of a network that always predicts the most frequent class.
    ``first_ask`` is the number of the first trial that is asked for; the
    ones before are initial trials. ``trials`` is the budget in trials, None without one. With ``workers``,
    ask n comes after the trials below n - workers + 1 have been reported. ``supernets`` is the run's storage
    of supernets. With ``class_weights``, every class counts equally in its losses. ``latency`` is None unless
    latencies are modelled, and therefore known before a trial; ``op_latency`` is the same model for parts of
    a network.
    """

    data: DataConfig
    target: Target
    budget: Budget
    ledger: Callable[[Arch], Ledger]
    latency_ms: float | None = None
    macs: int | None = None
    macs_of: Callable[[Arch], int] | None = None
    reward: RewardConfig = field(default_factory=RewardConfig)
    error_limit: float = 1.0
    first_ask: int = 0
    trials: int | None = None
    workers: int = 1
    latency: Callable[[Arch], Latency] | None = None
    op_latency: BoardLatency | None = None
    class_weights: bool = False
    supernets: SupernetStore = field(default_factory=SupernetStore)

    def fits(self, arch: Arch) -> bool:
        """Whether ``arch`` is within ``macs`` and, by the exact ledger, within the budget."""
        return self._affords(arch) and check(self.ledger(arch), self.budget).fits

    def meets_target(self, arch: Arch) -> bool:
        """Whether ``arch`` is as fast as the reward's target; true without a target or modelled latency."""
        target_ms = self.reward.target_ms
        if target_ms is None or self.latency is None or self.reward.function is not None:
            return True
        return self.latency(arch).ms <= target_ms

    def reference(self, space: Space) -> Arch:
        """The largest baseline network that fits, or the smallest one."""
        candidates = space.baselines()
        return next((arch for arch in candidates if self.fits(arch)), candidates[-1])

    def _affords(self, arch: Arch) -> bool:
        if self.macs is None:
            return True
        assert self.macs_of is not None, "a limit of operations needs their number"
        return self.macs_of(arch) <= self.macs
