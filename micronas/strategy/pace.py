"""How long a multiply-accumulate takes on the run's device, from the trials that ran on it."""

from __future__ import annotations

import math

import numpy as np

from micronas.trial import Source, Trial


class Pace:
    """Predicts latency from operations alone: a rough price to steer by, never a figure of a trial."""

    def __init__(self) -> None:
        self._ran: list[tuple[int, int, float]] = []  # number, multiply-accumulates, milliseconds

    def tell(self, trial: Trial) -> None:
        """Learn from a trial that ran on a device; others say nothing."""
        scores = trial.scores
        if scores is None or scores.latency is None or scores.latency.source is Source.PREDICTED:
            return
        self._ran.append((trial.number, scores.macs, scores.latency.ms))

    def ms_per_mac(self, before: float = math.inf) -> float | None:
        """Milliseconds, least squares through the origin over trials below ``before``; None without any."""
        ran = [(macs, ms) for number, macs, ms in self._ran if number < before]
        if not ran:
            return None
        macs, ms = (np.array(column, np.float64) for column in zip(*ran, strict=True))
        return float((macs @ ms) / (macs @ macs))
