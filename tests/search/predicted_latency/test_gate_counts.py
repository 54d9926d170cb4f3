"""Which of the candidates that are predicted to be too slow are measured regardless, after a resume too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from micronas.config import LatencyConfig
from micronas.search.predicted_latency.gate import UNTRAINED, LatencyGate
from micronas.search.predicted_latency.prediction import PredictedLatency
from micronas.store import Record
from micronas.trial import Json, Latency, Outcome, Source, Trial

CONFIG = LatencyConfig(model=True, measure_every=3, max_error=0.2, min_networks=3)


def gate_that_hears(ms: float, error: float, limit_ms: float) -> LatencyGate:
    def say(arch: Any, observed: Sequence[Json]) -> PredictedLatency:
        return PredictedLatency(Latency(ms, Source.PREDICTED), error, networks=9)

    return LatencyGate(say, CONFIG, limit_ms)


@pytest.mark.parametrize(
    ("ms", "error", "slow"),
    [(10.0, 0.1, False), (10.1, 0.1, True), (11.2, 0.2, False), (11.3, 0.2, True), (99.0, 0.21, False)],
)
def test_only_what_is_over_the_limit_by_more_than_its_bar_is_too_slow(
    ms: float, error: float, slow: bool
) -> None:
    """The limit is 9 ms; a bar over ``max_error`` is not believed at all."""
    assert (gate_that_hears(ms, error, limit_ms=9.0).check(None, ()) is not None) == slow  # type: ignore[arg-type]


def record(**details: Json) -> Record:
    return Record(Trial(0, [], "k", Outcome.INFEASIBLE), dict(details))


@pytest.mark.parametrize(
    ("stored", "let_through_at"),
    [
        ([], 3),
        ([record(**{UNTRAINED: {}})], 2),
        ([record(**{UNTRAINED: {}, "repeats_trial": 0})], 3),  # nothing was checked: an answer was looked up
        ([record(), record(**{UNTRAINED: {}}), record(**{UNTRAINED: {}})], 1),
    ],
)
def test_every_third_that_was_checked_is_let_through_whenever_it_was(
    stored: list[Record], let_through_at: int
) -> None:
    gate = gate_that_hears(50.0, 0.0, limit_ms=9.0)
    for known in stored:
        gate.recall(known)
    checked = [gate.check(None, ()) for _ in range(3)]  # type: ignore[arg-type]
    assert [slow is not None and slow.let_through for slow in checked].index(True) + 1 == let_through_at
