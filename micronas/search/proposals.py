"""The check of a strategy's proposals, and the count of refused ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from micronas.search.gate import Gate
from micronas.space import Arch, Space


@dataclass
class Proposals:
    """Checks a strategy's proposals against the gate and against earlier proposals.

    It is placed between strategy and gate to count refused proposals: the feasible share in a report refers
    to everything proposed, not only to the selected proposals.
    """

    space: Space
    gate: Gate
    seen: set[str] = field(default_factory=set)
    rejected: int = 0

    def accept(self, arch: Arch) -> bool:
        """Whether ``arch`` is worth a trial: new, and within the budgets."""
        if self.space.key(arch) in self.seen:
            return False
        fits = self.gate.fits(arch)
        self.rejected += not fits
        return fits
