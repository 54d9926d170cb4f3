"""Nothing that is forecast to break the latency budget is trained, but for every k-th.

The counterpart of the ledger's gate for the one budget that cannot be computed. A candidate is refused if its
forecast less its error bar is over ``budgets.latency_ms``; of those, every ``latency.measure_every``-th is
trained, built and run all the same, which keeps the model honest. The forecast is made of profiles that were
told when the trial was asked, and those before it are counted by number, so a resumed run refuses what the
uninterrupted one did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from micronas.config import LatencyConfig
from micronas.search.forecast.forecast import Forecast
from micronas.space import Arch
from micronas.store import Record
from micronas.trial import Json

UNTRAINED = "untrained_forecast"
"""Detail of a trial that was forecast to be too slow: what was said, and whether it was let through."""

Say: TypeAlias = Callable[[Arch, Sequence[Json]], Forecast | None]
"""A forecast for an architecture from told profiles."""


@dataclass(frozen=True)
class TooSlow:
    """A candidate whose forecast is over the limit, bar and all; refused unless ``let_through``."""

    forecast: Forecast
    limit_ms: float
    let_through: bool

    @property
    def reason(self) -> str:
        """What is predicted, the bar, and the limit."""
        said = self.forecast
        min_ms = said.latency.ms * (1.0 - said.error)
        return (
            f"{said.latency.ms:.2f} ms (predicted before training, error bar {100 * said.error:.1f} %): "
            f"{min_ms:.2f} ms at least, {min_ms - self.limit_ms:.2f} ms over budgets.latency_ms "
            f"{self.limit_ms:g}"
        )

    def to_json(self) -> dict[str, Json]:
        """For the trial's details."""
        return {**self.forecast.to_json(), "limit_ms": self.limit_ms, "let_through": self.let_through}


class LatencyGate:
    """Judges candidates in the order of their trials' numbers."""

    def __init__(self, say: Say, config: LatencyConfig, limit_ms: float) -> None:
        self._say, self._config, self._limit_ms = say, config, limit_ms
        self._met = 0

    def judge(self, arch: Arch, observed: Sequence[Json]) -> TooSlow | None:
        """None for a candidate that may be fast enough, or of which the model cannot tell."""
        said = self._say(arch, observed)
        if said is None or not said.is_trusted(self._config):
            return None
        if said.latency.ms * (1.0 - said.error) <= self._limit_ms:
            return None
        self._met += 1
        return TooSlow(said, self._limit_ms, let_through=self._met % self._config.measure_every == 0)

    def recall(self, record: Record) -> None:
        """Count what an earlier session judged; every stored trial, in the order of numbers."""
        self._met += UNTRAINED in record.details and "repeats_trial" not in record.details
