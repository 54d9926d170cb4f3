"""The check of a strategy's proposals, and the count of refused ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from micronas.search.gate import Gate
from micronas.space import Arch, Space


@dataclass
class Proposals:
    """Checks a strategy's proposals against the gate and against earlier proposals.

    It is placed between strategy and gate to count refused proposals: the feasible share in a report refers
    to everything proposed, not only to the selected proposals.

    ``ceiling`` is the reward that a network would have with perfect answers, where latency is rewarded: one
    whose ceiling is below ``best``, the best reward so far, is not worth a trial. ``hopeless`` counts these.
    """

    space: Space
    gate: Gate
    seen: set[str] = field(default_factory=set)
    rejected: int = 0
    ceiling: Callable[[Arch], float] | None = None
    best: float = -math.inf
    hopeless: int = 0

    def accept(self, arch: Arch) -> bool:
        """Whether ``arch`` is worth a trial: new, within the budgets, and not too slow to be the best."""
        if self.space.key(arch) in self.seen:
            return False
        fits = self.gate.fits(arch)
        self.rejected += not fits
        return fits and self.can_win(arch)

    def can_win(self, arch: Arch) -> bool:
        """Whether ``arch`` could at least equal the best reward so far, if all its answers were right."""
        can = self.ceiling is None or self.ceiling(arch) >= self.best
        self.hopeless += not can
        return can
