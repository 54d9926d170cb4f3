"""Observations that the search inside a supernet reports to its strategy; they are not stored."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.trial import BUDGET_STAGE, Json, Latency, Outcome


@dataclass(frozen=True)
class SubnetScores:
    """Figures of a network with shared weights, neither trained alone nor quantized.

    ``quality_shared`` (0..1, validation split) is the quality of the float network with shared weights and
    recalibrated normalisation statistics: accuracy, or AUC for anomaly detection. It ranks subnets among each
    other; it is compared with ``quality_int8`` only to measure how well it ranked. ``latency`` is predicted,
    or None if no network had run.
    """

    quality_shared: float
    flash_bytes: int
    sram_bytes: int
    latency: Latency | None
    reward: float

    @property
    def quality(self) -> float:
        """The quality by which a subnet ranks."""
        return self.quality_shared


@dataclass(frozen=True)
class SubnetEstimate:
    """A ``strategy.observation.Observation``; ``scores`` is None for a network over a budget."""

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
        """The gate's stage, if it is over a budget."""
        return "" if self.scores else BUDGET_STAGE

    @property
    def origin(self) -> str:
        """Always empty."""
        return ""
