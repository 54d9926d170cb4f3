"""When a latency is predicted instead of measured, and what becomes of the prediction.

A trial's forecast depends on the profiles observed when it was asked (``TrialTask.profiles``) and on its own
network, so a resumed run predicts what the uninterrupted one did. A predicted latency is labelled
``predicted`` wherever it goes. Measured all the same are: every k-th trial, a network that the model does
not reach, any network while the error bar is too wide, one whose latency budget lies within the bar, and
every final one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from micronas.codegen.lowering import Lowered
from micronas.config import ConstraintsConfig, LatencyConfig
from micronas.deploy.measure import Measurement
from micronas.latency import (
    LatencyModel,
    Prediction,
    Profile,
    features_of,
    profile_from_json,
    profile_to_json,
)
from micronas.model.graph import Graph
from micronas.search.task import TrialTask
from micronas.trial import Json, Latency, Source, latency_from_json, latency_to_json

PROFILE, FORECAST = "latency_profile", "latency_forecast"
"""Details of a trial: what it taught the model, and what the model said (even where it was measured)."""


@dataclass(frozen=True)
class Forecast:
    """A predicted latency; ``error`` is relative, the largest of ``networks`` left-out predictions."""

    latency: Latency
    error: float
    networks: int

    def is_trusted(self, config: LatencyConfig) -> bool:
        """Whether enough networks give a bar that is narrow enough."""
        return self.networks >= config.min_networks and self.error <= config.max_error

    def to_json(self, measured: Latency | None = None) -> dict[str, Json]:
        """For the trial's details, with the relative error where the network was ``measured`` too."""
        actual = None if measured is None else self.latency.ms / measured.ms - 1.0
        return {"ms": self.latency.ms, "error_bar": self.error, "networks": self.networks, "error": actual}


def forecast(graph: Graph, lowered: Sequence[Lowered], task: TrialTask) -> Forecast | None:
    """What the told profiles say about a trained network; None where they say nothing."""
    if task.final or not task.profiles:
        return None
    observed = task.profiles
    return _forecast(_model(observed).predict(features_of(graph, lowered)), observed)


def forecast_untrained(graph: Graph, lowered: Sequence[Lowered], observed: Sequence[Json]) -> Forecast | None:
    """What they say about a network that has shapes and no weights yet."""
    return Forecaster(observed).untrained(graph, lowered)


class Forecaster:
    """Forecasts of many networks without weights from the same ``observed`` profiles."""

    def __init__(self, observed: Sequence[Json]) -> None:
        self._observed, self._model = observed, _model(observed)

    def untrained(self, graph: Graph, lowered: Sequence[Lowered]) -> Forecast | None:
        """None where the profiles say nothing."""
        if not self._observed:
            return None
        return _forecast(self._model.predict_untrained(features_of(graph, lowered)), self._observed)


def _model(observed: Sequence[Json]) -> LatencyModel:
    return LatencyModel([profile_from_json(profile) for profile in observed])


def _forecast(prediction: Prediction | None, observed: Sequence[Json]) -> Forecast | None:
    if prediction is None:
        return None
    last: Any = observed[-1]
    known, counts = latency_from_json(last["latency"]), float(last["count"])
    count = round(prediction.count)
    latency = replace(
        known,
        ms=known.ms / counts * prediction.count,
        source=Source.PREDICTED,
        instructions=None if known.instructions is None else count,
        cycles=None if known.cycles is None else count,
    )
    return Forecast(latency, prediction.error, prediction.networks)


def stands(said: Forecast | None, task: TrialTask, config: LatencyConfig, budgets: ConstraintsConfig) -> bool:
    """Whether ``said`` may stand for a measurement of this trial."""
    if said is None or task.final or task.measure or task.number % config.measure_every == 0:
        return False
    if not said.is_trusted(config):
        return False
    limit_ms = budgets.latency_ms
    return limit_ms is None or abs(said.latency.ms - limit_ms) > said.error * said.latency.ms


def profile_of(graph: Graph, lowered: Sequence[Lowered], measurement: Measurement) -> dict[str, Json]:
    """What a measured network teaches the model, for the trial's details."""
    counts = [float(op.count) for op in measurement.per_op]
    ops = tuple(zip(features_of(graph, lowered), counts, strict=True))
    profile = Profile(ops, float(measurement.median))
    return {**profile_to_json(profile), "latency": latency_to_json(measurement.latency)}
