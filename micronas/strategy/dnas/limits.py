"""From a budget in bytes of flash and SRAM to limits on the choices of a backbone.

A budget also includes firmware, stack and statics, and for TFLite Micro it counts other bytes. The remainder
of the budget for a network that fits shows how much more a backbone may use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.memory.ledger import Budget, Ledger
from micronas.strategy.dnas.cost_tables import Costs

WIDE_LAYERS = 16
"""A network is assumed to have about this many layers of its widest width squared."""


@dataclass(frozen=True)
class LatencyPenalty:
    """The reward's latency factor (``target_ms`` / predicted ms)^``exponent``.

    ``hard``: it applies only to networks slower than the target.
    """

    target_ms: float
    exponent: float
    hard: bool


@dataclass(frozen=True)
class CostConstraints:
    """The limits of a search, and its optional penalty that favours faster networks."""

    limits: Costs
    pull: LatencyPenalty | None = None


def limits_of(own: Costs, ledger: Ledger, budget: Budget, macs: int | None = None) -> Costs:
    """Limits on constants, live bytes and ``macs``, by the ledger of a network whose own costs are known.

    With our runtime, every additional byte counts as one byte of the budget; with another, in proportion.
    What an arena has grown by counts as free.
    """
    operations = math.inf if macs is None else float(macs)
    if ledger.runtime == "micronas":
        return Costs(
            own.constant_bytes + budget.flash_bytes - ledger.flash_bytes,
            own.sram_bytes + budget.sram_bytes - ledger.sram_bytes + ledger.plan.grown_bytes,
            operations,
        )
    return Costs(
        own.constant_bytes * budget.flash_bytes / ledger.flash_bytes,
        own.sram_bytes * budget.sram_bytes / ledger.sram_bytes,
        operations,
    )


def widest_useful(allowed: Sequence[int], limits: Costs) -> int:
    """The widest useful layers of a supernet: wider ones would cost time and never fit."""
    wished = math.sqrt(max(limits.constant_bytes, 0.0) / WIDE_LAYERS)
    return max((w for w in allowed if w <= wished), default=allowed[0])
