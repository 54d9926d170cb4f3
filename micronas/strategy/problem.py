"""What a strategy has to know that trains a supernet or predicts, besides the space and its seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from micronas.codegen.lowering import Target
from micronas.config import DataConfig, RewardConfig
from micronas.memory.ledger import Budget, Ledger, check
from micronas.space import Arch, Space
from micronas.strategy.supernet_series import SupernetStore

DEADLINE_S = 1800.0
"""For one differentiable search: many times what it takes, so that only a fault meets it."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, target and budget of a search; ``ledger`` is the exact one that its gate uses.

    ``latency_ms`` is what a network may take, None for as long as it likes; ``reward`` what is maximised, and
    ``error_limit`` the error of a network that always names the most frequent class.
    ``first_ask`` is the number of the first trial that is asked for, those before being hand-made; with
    ``workers`` ask n comes when the trials below n - workers + 1 have been told. ``bench`` is where the run
    keeps its supernets.
    """

    data: DataConfig
    target: Target
    budget: Budget
    ledger: Callable[[Arch], Ledger]
    latency_ms: float | None = None
    reward: RewardConfig = field(default_factory=RewardConfig)
    error_limit: float = 1.0
    first_ask: int = 0
    workers: int = 1
    bench: SupernetStore = field(default_factory=SupernetStore)

    def fits(self, arch: Arch) -> bool:
        """Whether ``arch`` is within the budget, by the exact ledger."""
        return check(self.ledger(arch), self.budget).fits

    def reference(self, space: Space) -> Arch:
        """The largest hand-made network that fits, or the smallest there is."""
        candidates = space.baselines()
        return next((arch for arch in candidates if self.fits(arch)), candidates[-1])
