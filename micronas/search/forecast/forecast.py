"""When a latency is predicted instead of measured, and what becomes of the prediction.

A trial's forecast depends on the profiles observed when it was asked (``TrialTask.profiles``) and on its own
network, so a resumed run predicts what the uninterrupted one did. A predicted latency is labelled
``predicted`` wherever it goes. Measured all the same are: every k-th trial, a network that the model does
not reach, any network while the error bar is too wide, one whose latency budget lies within the bar, one
whose rank among the measured ones is uncertain (``latency.rank_tolerance``), and every final one.

Two forecasts compete, and the one with the narrower bar stands: laws per kernel, learned from the run alone,
and the timing model of the board's core with one factor learned from the run, which needs two networks.
"""

from __future__ import annotations

import statistics
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

MODELLED_MS = "modelled_ms"
"""Key of a profile: what the timing model of the board's core said of the network."""

_MIN_RATIOS = 2

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


def forecast(
    graph: Graph, lowered: Sequence[Lowered], task: TrialTask, modelled_ms: float | None = None
) -> Forecast | None:
    """What the told profiles say about a trained network; None where they say nothing.

    ``modelled_ms`` is its latency by the timing model of the board's core, if that has one.
    """
    if task.final or not task.profiles:
        return None
    observed = task.profiles
    learned = _forecast(_model(observed).predict(features_of(graph, lowered)), observed)
    return _narrower(learned, corrected(modelled_ms, observed))


def forecast_untrained(
    graph: Graph, lowered: Sequence[Lowered], observed: Sequence[Json], modelled_ms: float | None = None
) -> Forecast | None:
    """What they say about a network that has shapes and no weights yet."""
    return _narrower(Forecaster(observed).untrained(graph, lowered), corrected(modelled_ms, observed))


def corrected(modelled_ms: float | None, observed: Sequence[Json]) -> Forecast | None:
    """The modelled latency times what told networks took over theirs: the model as prior, one number learned.

    The factor is the median, and the bar the largest error of a told network by the others' median. None with
    fewer than two told networks.
    """
    pairs = [(p["latency"]["ms"], p[MODELLED_MS]) for p in _any(observed) if p.get(MODELLED_MS)]
    if modelled_ms is None or len(pairs) < _MIN_RATIOS:
        return None
    ratios = [took / modelled for took, modelled in pairs]
    errors = [
        abs(statistics.median(ratios[:i] + ratios[i + 1 :]) / ratio - 1.0) for i, ratio in enumerate(ratios)
    ]
    known = latency_from_json(_any(observed)[-1]["latency"])
    ms = statistics.median(ratios) * modelled_ms
    latency = replace(known, ms=ms, source=Source.PREDICTED, instructions=None, cycles=None)
    return Forecast(latency, max(errors), len(ratios))


def _narrower(a: Forecast | None, b: Forecast | None) -> Forecast | None:
    """The one with the narrower bar."""
    said = [forecast for forecast in (a, b) if forecast is not None]
    return min(said, key=lambda forecast: forecast.error, default=None)


def _any(observed: Sequence[Json]) -> Sequence[Any]:
    return observed


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
    if limit_ms is not None and abs(said.latency.ms - limit_ms) <= said.error * said.latency.ms:
        return False
    return not rank_is_uncertain(said, task.profiles, config.rank_tolerance)


def rank_is_uncertain(said: Forecast, observed: Sequence[Json], tolerance: float | None) -> bool:
    """Whether more than a share ``tolerance`` of the told networks lie within the bar of ``said``.

    Their order with this one is then not known, so that a measurement tells most.
    """
    if tolerance is None:
        return False
    reach = said.error * said.latency.ms
    near = sum(abs(p["latency"]["ms"] - said.latency.ms) <= reach for p in _any(observed))
    return bool(near > max(1.0, tolerance * len(observed)))


def profile_of(
    graph: Graph, lowered: Sequence[Lowered], measurement: Measurement, modelled_ms: float | None = None
) -> dict[str, Json]:
    """What a measured network teaches the model, for the trial's details."""
    counts = [float(op.count) for op in measurement.per_op]
    ops = tuple(zip(features_of(graph, lowered), counts, strict=True))
    profile = Profile(ops, float(measurement.median))
    prior: dict[str, Json] = {} if modelled_ms is None else {MODELLED_MS: modelled_ms}
    return {**profile_to_json(profile), "latency": latency_to_json(measurement.latency), **prior}
