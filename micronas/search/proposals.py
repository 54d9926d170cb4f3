"""What a strategy's proposals are held against, and how many did not stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from micronas.search.gate import Gate
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.trial import Outcome


@dataclass
class Proposals:
    """What a strategy's proposals are held against: the gate, and what was asked before.

    It stands between strategy and gate so that refused proposals are counted: the feasible share that a
    report shows is of everything proposed, not of what was left after picking.
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


def feasible_share(records: list[Record]) -> float:
    """Of everything that was proposed, the share that fitted the budgets."""
    proposed = sum(1 + record.rejected for record in records)
    fitting = sum(record.trial.outcome is not Outcome.INFEASIBLE for record in records)
    return fitting / proposed if proposed else 1.0
