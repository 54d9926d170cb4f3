"""What the search inside a supernet tells its strategy; it lives as long as that search and is not stored."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.trial import BUDGET_STAGE, Json, Latency, Outcome


@dataclass(frozen=True)
class SubnetScores:
    """Figures of a network that was given its share of the weights, and neither trained nor quantized.

    ``quality_shared`` (0..1, validation split) is that of the float network with shared weights and
    recalibrated statistics of normalisation: accuracy, or AUC for anomaly detection. It ranks
    subnets among each other and is compared with a ``quality_int8`` only to say how well it ranked.
    ``latency`` is predicted, or None where nothing had run.
    """

    quality_shared: float
    flash_bytes: int
    sram_bytes: int
    latency: Latency | None
    reward: float

    @property
    def quality(self) -> float:
        """What a subnet ranks by."""
        return self.quality_shared


@dataclass(frozen=True)
class SubnetEstimate:
    """A ``strategy.observation.Observation``; ``scores`` are None for what is over a budget."""

    number: int
    arch: Json
    key: str
    scores: SubnetScores | None

    @property
    def outcome(self) -> Outcome:
        """INFEASIBLE over a budget."""
        return Outcome.COMPLETE if self.scores else Outcome.INFEASIBLE

    @property
    def stage(self) -> str:
        """Only budgets end it early."""
        return "" if self.scores else BUDGET_STAGE

    @property
    def origin(self) -> str:
        """Left open: whatever it is, the strategy learns from it."""
        return ""
