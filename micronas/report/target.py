"""Whether the reported network meets the latency target, and which network does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.store import Record
from micronas.trial import Json, Outcome


@dataclass(frozen=True)
class MissedTarget:
    """A latency target in ms that the result misses, and the best trial that meets it, if any does."""

    target_ms: float
    ms: float
    best_within: Record | None

    def __str__(self) -> str:
        missed = f"missed: {self.ms:.2f} ms, {self.ms - self.target_ms:.2f} ms over {self.target_ms:g} ms"
        within = self.best_within.trial if self.best_within else None
        if within is None or within.scores is None or within.scores.latency is None:
            return f"{missed}; no trial met it"
        quality, latency = 100 * within.scores.quality_int8, within.scores.latency
        return (
            f"{missed}; the best that meets it is trial {within.number}: {quality:.1f} %, "
            f"{latency.ms:.2f} ms {latency.source.value}"
        )

    def to_json(self) -> dict[str, Json]:
        """The object of ``search --json``; its keys are stable."""
        best = self.best_within.trial.number if self.best_within else None
        return {"target_ms": self.target_ms, "ms": self.ms, "best_within": best}


def missed_target(
    target_ms: float | None, ms: float | None, source: str | None, records: Sequence[Record]
) -> MissedTarget | None:
    """None if the latency ``ms`` of the result meets ``target_ms``, or if either is unknown. Only latencies
    of the result's own ``source`` are compared.
    """
    if target_ms is None or ms is None or ms <= target_ms:
        return None
    within = [
        record
        for record in records
        if record.trial.outcome is Outcome.COMPLETE
        and (scores := record.trial.scores) is not None
        and (latency := scores.latency) is not None
        and latency.source.value == source
        and latency.ms <= target_ms
    ]
    best = min(within, key=_by_quality, default=None)
    return MissedTarget(target_ms, ms, best)


def _by_quality(record: Record) -> tuple[bool, float]:
    """Sorts the best first; trainings that a clock cut come last."""
    scores = record.trial.scores
    return (True, 0.0) if scores is None else (bool(scores.cut), -scores.quality_int8)
