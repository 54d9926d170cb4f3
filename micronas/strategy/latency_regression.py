"""Speed of the run's device, from the trials that ran on it."""

from __future__ import annotations

import math

import numpy as np

from micronas.latency.nnls import nnls
from micronas.model.net import shape_graph
from micronas.space import Arch, Space
from micronas.strategy.dnas.cost_tables import MacThroughput, values_written
from micronas.strategy.observation import Observation
from micronas.trial import Source


class LatencyRegression:
    """Two cost coefficients from a few trials: rough figures for guidance, never the latency of a trial.

    Multiply-accumulates alone predict small networks poorly: a depthwise or narrow layer spends its time on
    the values that it writes.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._ran: list[tuple[int, int, int, float]] = []  # number, operations, values written, ms

    def tell(self, trial: Observation) -> None:
        """Learn from a trial that ran on a device; others are ignored."""
        scores = trial.scores
        if scores is None or scores.latency is None or scores.latency.source is Source.PREDICTED:
            return
        self.ran(trial.number, self._space.from_json(trial.arch), scores.latency.ms)

    def ran(self, number: int, arch: Arch, ms: float) -> None:
        """Learn from a network that took ``ms`` as trial ``number``."""
        net = self._space.net(arch)
        self._ran.append((number, net.macs, values_written(shape_graph(net)), ms))

    def speed(self, before: float = math.inf) -> MacThroughput | None:
        """Non-negative least squares of relative errors over trials below ``before``; None without trials."""
        ran = np.array([row for number, *row in self._ran if number < before], np.float64)
        if not len(ran):
            return None
        shares = ran[:, :2] / ran[:, 2:]
        gram = np.asarray(shares.T @ shares, np.float64)
        per_mac, per_value = nnls(gram, np.asarray(shares.sum(axis=0), np.float64))
        return MacThroughput(float(per_mac), float(per_value))
