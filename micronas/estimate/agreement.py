"""How well a cheap judgement of networks orders them as training each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.errors import plural
from micronas.estimate.rank import kendall_tau

MIN_NETWORKS = 4
"""Fewer order too little to say anything."""

TRUSTED_TAU = 0.4
"""Kendall's tau below which a judge does not order networks well enough to choose among them."""


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b between a judge's scores and stand-alone accuracies of ``networks`` networks."""

    judge: str
    tau: float
    networks: int

    @property
    def warning(self) -> str:
        """What to say when the judge should not be trusted; empty when it may."""
        if self.networks < MIN_NETWORKS:
            return f"{plural(self.networks, 'network')}: too few to say how well the {self.judge} ranks"
        if self.tau >= TRUSTED_TAU:
            return ""
        return (
            f"Kendall's tau of the {self.judge} is {self.tau:.2f} over "
            f"{plural(self.networks, 'network')}, under {TRUSTED_TAU}: do not rely on its order"
        )


def agreement(judge: str, scores: Sequence[float], stand_alone: Sequence[float]) -> Agreement:
    """How well ``scores`` order networks as training each of them does."""
    return Agreement(judge, kendall_tau(scores, stand_alone), len(scores))
