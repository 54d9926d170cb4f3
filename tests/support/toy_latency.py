"""Latencies of toy words: a law per digit, measured or predicted as a search does it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import micronas.search.predicted_latency.prediction as prediction_module
from micronas.config import ConstraintsConfig, LatencyConfig
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.predicted_latency.prediction import (
    PREDICTION,
    PROFILE,
    predict_latency,
    profile_of,
    replaces_measurement,
)
from micronas.trial import Latency, Outcome, Source
from tests.support.latency_profiles import op
from tests.support.search_fakes import toy_scores

CONFIG = LatencyConfig(model=True, measure_every=4, max_error=0.05, min_networks=3)
NO_LIMIT = ConstraintsConfig()


def count_of(genes: list[int]) -> list[float]:
    """A word's ops obey a law, give or take a percent that depends on the word."""
    wobble = 1.0 + 0.01 * ((sum(genes) * 7) % 3 - 1)
    return [(100.0 + 7.0 * (gene + 1)) * wobble for gene in genes]


def use_toy_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word is its own graph: one op per digit."""
    monkeypatch.setattr(
        prediction_module,
        "features_of",
        lambda genes, lowered: tuple(op("conv", gene + 1.0) for gene in genes),
    )


def measured(genes: list[int]) -> Any:
    counts = count_of(genes)
    total = sum(counts) + 10 * len(counts)
    latency = Latency(total / 1000, Source.EMULATED, instructions=round(total), core="m4", clock_hz=10**6)
    return SimpleNamespace(per_op=[SimpleNamespace(count=c) for c in counts], median=total, latency=latency)


def evaluate(task: TrialTask) -> TrialResult:
    genes: Any = task.arch
    said = predict_latency(genes, (), task)
    scores = toy_scores(genes)
    if said is not None and replaces_measurement(said, task, CONFIG, NO_LIMIT):
        details = {PREDICTION: said.to_json()}
        return TrialResult(
            Outcome.COMPLETE, replace(scores, latency=said.latency), details=details, tflite=bytes(genes)
        )
    measurement = measured(genes)
    details = {PROFILE: profile_of(genes, (), measurement)}
    if said is not None:
        details[PREDICTION] = said.to_json(measurement.latency)
    scores = replace(scores, latency=measurement.latency)
    return TrialResult(Outcome.COMPLETE, scores, details=details, tflite=bytes(genes))
