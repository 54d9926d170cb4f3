"""Predicted latency of a network from the trials so far: for selection only, never a trial's figure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from micronas.strategy.predictor.candidate import Tried, stacked
from micronas.strategy.predictor.expected_improvement import normal_cdf
from micronas.strategy.predictor.features import MACS, VALUES
from micronas.strategy.predictor.gaussian_process import GaussianProcess, Posterior, Prior, Scaling

Vector = npt.NDArray[np.float64]

_HALF = math.log(2.0) / 2
LATENCY = Prior(
    columns=(MACS, VALUES),
    slopes=(_HALF, _HALF),
    slope_sd=0.2,
    amplitudes=(0.05, 0.1, 0.2, 0.4),
    noises=(0.01, 0.03, 0.1),
)
"""Prior of ln ms: twice the operations and values take twice the time."""

_JUST_OVER = 1.1
"""A network over the limit, whose latency is not known, counts as 10 % over it or as slow as predicted."""


class Latencies:
    """Latency from ``tried`` networks that ran, and from ``too_slow`` ones (networks, features)."""

    def __init__(
        self, scaling: Scaling, tried: Sequence[Tried], too_slow: Sequence[Vector], limit_ms: float | None
    ) -> None:
        """``tried`` has at least one network, and all have a latency."""
        self._limit_ms = limit_ms
        x, y = stacked(tried), np.log([t.scores.latency.ms for t in tried if t.scores.latency])
        self._process = GaussianProcess(LATENCY, scaling, x, y)
        if too_slow and limit_ms is not None:
            slow = np.stack(too_slow)
            guessed = np.maximum(self._process.predict(slow).mean, math.log(_JUST_OVER * limit_ms))
            both = np.concatenate([x, slow]), np.concatenate([y, guessed])
            self._process = GaussianProcess(LATENCY, scaling, *both)

    def predict(self, x: Vector) -> tuple[Vector, Vector]:
        """Milliseconds of networks (networks, features), and the probability that each meets the limit."""
        posterior = self._process.predict(x)
        return np.exp(posterior.mean), self._within(posterior)

    def _within(self, posterior: Posterior) -> Vector:
        if self._limit_ms is None:
            return np.ones(len(posterior.mean))
        return normal_cdf((math.log(self._limit_ms) - posterior.mean) / posterior.observed_spread)
