"""Refuses candidates that are predicted to exceed the latency limit, before they are trained.

This is the counterpart of the ledger's gate for the one limit that cannot be computed. A candidate is refused
if its predicted latency minus the error bar exceeds ``constraints.latency_ms``. Of those, every
``latency.measure_every``-th is trained, built and run regardless, which checks the predictions. A prediction
uses the profiles that were observed when the trial was proposed, and the refusals are counted in the order of
trial numbers, so a resumed run refuses what the uninterrupted one did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from micronas.config import LatencyConfig
from micronas.search.predicted_latency.prediction import PredictedLatency
from micronas.space import Arch
from micronas.store import Record
from micronas.trial import Json

UNTRAINED = "untrained_prediction"
"""Key of the details of a trial that was predicted to be too slow: see ``TooSlow.to_json``."""

PredictUntrained: TypeAlias = Callable[[Arch, Sequence[Json]], PredictedLatency | None]
"""Predicts the latency of an architecture from the observed profiles."""


@dataclass(frozen=True)
class TooSlow:
    """A candidate whose predicted latency exceeds the limit by more than its error; refused unless
    ``let_through``.
    """

    predicted: PredictedLatency
    limit_ms: float
    let_through: bool

    @property
    def reason(self) -> str:
        """The predicted latency, its error bar, and the limit."""
        said = self.predicted
        min_ms = said.latency.ms * (1.0 - said.error)
        return (
            f"{said.latency.ms:.2f} ms (predicted before training, error bar {100 * said.error:.1f} %): "
            f"at least {min_ms:.2f} ms, {min_ms - self.limit_ms:.2f} ms over constraints.latency_ms "
            f"{self.limit_ms:g}"
        )

    def to_json(self) -> dict[str, Json]:
        """For the trial's details."""
        return {**self.predicted.to_json(), "limit_ms": self.limit_ms, "let_through": self.let_through}


class LatencyGate:
    """Checks candidates in the order of their trials' numbers."""

    def __init__(self, predict: PredictUntrained, config: LatencyConfig, limit_ms: float) -> None:
        self._predict, self._config, self._limit_ms = predict, config, limit_ms
        self._met = 0

    def check(self, arch: Arch, observed: Sequence[Json]) -> TooSlow | None:
        """None for a candidate that may be fast enough, or for which there is no reliable prediction."""
        said = self._predict(arch, observed)
        if said is None or not said.is_trusted(self._config):
            return None
        if said.latency.ms * (1.0 - said.error) <= self._limit_ms:
            return None
        self._met += 1
        return TooSlow(said, self._limit_ms, let_through=self._met % self._config.measure_every == 0)

    def recall(self, record: Record) -> None:
        """Count the candidates of an earlier session: call it once per stored trial, in order."""
        self._met += UNTRAINED in record.details and "repeats_trial" not in record.details
