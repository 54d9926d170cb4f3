"""Networks in the predictor: before a trial, and after one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.space import Arch
from micronas.strategy.observation import Figures

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoredCandidate:
    """A network within the budgets: its features (``features.features``) and its exact bytes."""

    arch: Arch
    features: Vector
    flash_bytes: int
    sram_bytes: int


@dataclass(frozen=True, eq=False)
class Tried:
    """A network with the figures of its trial."""

    arch: Arch
    features: Vector
    scores: Figures

    @property
    def error(self) -> float:
        """One minus its quality."""
        return 1.0 - self.scores.quality


def stacked(networks: Sequence[ScoredCandidate] | Sequence[Tried]) -> Vector:
    """Their features, (networks, features)."""
    return np.stack([network.features for network in networks])
