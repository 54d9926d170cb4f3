"""Latencies predicted from the profiles of a run, and when a prediction replaces a measurement.

A trial's prediction depends only on its network and on the profiles observed when it was proposed
(``TrialTask.profiles``), so a resumed run predicts what the uninterrupted one did. A predicted latency is
always labelled ``predicted``. These networks are measured in any case: every k-th trial, a network outside
the model's range, any network while the error bar is too wide, a network whose latency limit lies within the
bar, one with an uncertain rank among the measured ones (``latency.rank_tolerance``), and every final network.

There are two predictions, and the one with the narrower error bar is used: a regression per kernel, learned
from this run, and the timing model of the board's core times one factor learned from this run. The factor
needs two networks.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from micronas.search.evaluation.task import TrialTask
from micronas.store.latency_keys import MODELLED_MS as MODELLED_MS
from micronas.store.latency_keys import PREDICTION as PREDICTION
from micronas.store.latency_keys import PROFILE as PROFILE
from micronas.trial import Json, Latency, Source, latency_from_json, latency_to_json, number_of, object_at

_MIN_RATIOS = 2


@dataclass(frozen=True)
class PredictedLatency:
    """``error`` is the largest relative error when each of the ``networks`` is predicted from the others."""

    latency: Latency
    error: float
    networks: int

    def is_trusted(self, config: LatencyConfig) -> bool:
        """Whether there are enough networks, and the error bar is narrow enough."""
        return self.networks >= config.min_networks and self.error <= config.max_error

    def to_json(self, measured: Latency | None = None) -> dict[str, Json]:
        """For the trial's details, with the relative error if the network was also ``measured``."""
        actual = None if measured is None else self.latency.ms / measured.ms - 1.0
        return {"ms": self.latency.ms, "error_bar": self.error, "networks": self.networks, "error": actual}


def predict_latency(
    graph: Graph, lowered: Sequence[Lowered], task: TrialTask, modelled_ms: float | None = None
) -> PredictedLatency | None:
    """The latency of a trained network, predicted from the observed profiles; None if that is not possible.

    ``modelled_ms`` is its latency by the timing model of the board's core, or None without one.
    """
    if task.final or not task.profiles:
        return None
    observed = task.profiles
    learned = _predicted(_model(observed).predict(features_of(graph, lowered)), observed)
    return _narrower(learned, corrected(modelled_ms, observed))


def predict_untrained_latency(
    graph: Graph, lowered: Sequence[Lowered], observed: Sequence[Json], modelled_ms: float | None = None
) -> PredictedLatency | None:
    """The same for a network without weights."""
    return _narrower(LatencyPredictor(observed).untrained(graph, lowered), corrected(modelled_ms, observed))


def corrected(modelled_ms: float | None, observed: Sequence[Json]) -> PredictedLatency | None:
    """The modelled latency times the median ratio of actual to modelled latency of the observed networks.

    The error bar is the largest error of an observed network when the median of the others corrects it. None
    with fewer than two observed networks.
    """
    timed = [_timed(profile) for profile in observed]
    ratios = [one.latency.ms / one.modelled_ms for one in timed if one.modelled_ms]
    if modelled_ms is None or len(ratios) < _MIN_RATIOS:
        return None
    errors = [
        abs(statistics.median(ratios[:i] + ratios[i + 1 :]) / ratio - 1.0) for i, ratio in enumerate(ratios)
    ]
    ms = statistics.median(ratios) * modelled_ms
    latency = replace(timed[-1].latency, ms=ms, source=Source.PREDICTED, instructions=None, cycles=None)
    return PredictedLatency(latency, max(errors), len(ratios))


def _narrower(a: PredictedLatency | None, b: PredictedLatency | None) -> PredictedLatency | None:
    """The one with the narrower error bar."""
    found = [prediction for prediction in (a, b) if prediction is not None]
    return min(found, key=lambda prediction: prediction.error, default=None)


@dataclass(frozen=True)
class _Timed:
    """The latency of an observed network, and what the timing model of the core gives for it."""

    latency: Latency
    modelled_ms: float | None


def _timed(profile: Json) -> _Timed:
    """The latencies in a stored profile; see ``profile_of``."""
    return _Timed(latency_in(profile), number_of(object_at(profile).get(MODELLED_MS)))


def latency_in(profile: Json) -> Latency:
    """The latency of the network with a stored profile."""
    return latency_from_json(object_at(profile, "latency"))


class LatencyPredictor:
    """Predicts many networks without weights from the same ``observed`` profiles."""

    def __init__(self, observed: Sequence[Json]) -> None:
        self._observed, self._model = observed, _model(observed)

    def untrained(self, graph: Graph, lowered: Sequence[Lowered]) -> PredictedLatency | None:
        """None if it cannot be predicted from the profiles."""
        if not self._observed:
            return None
        return _predicted(self._model.predict_untrained(features_of(graph, lowered)), self._observed)


def _model(observed: Sequence[Json]) -> LatencyModel:
    return LatencyModel([profile_from_json(profile) for profile in observed])


def _predicted(prediction: Prediction | None, observed: Sequence[Json]) -> PredictedLatency | None:
    if prediction is None:
        return None
    known, counts = _timed(observed[-1]).latency, profile_from_json(observed[-1]).count
    count = round(prediction.count)
    latency = replace(
        known,
        ms=known.ms / counts * prediction.count,
        source=Source.PREDICTED,
        instructions=None if known.instructions is None else count,
        cycles=None if known.cycles is None else count,
    )
    return PredictedLatency(latency, prediction.error, prediction.networks)


def replaces_measurement(
    said: PredictedLatency | None, task: TrialTask, config: LatencyConfig, constraints: ConstraintsConfig
) -> bool:
    """Whether ``said`` replaces a measurement of this trial."""
    if said is None or task.final or task.measure or task.number % config.measure_every == 0:
        return False
    if not said.is_trusted(config):
        return False
    limit_ms = constraints.latency_ms
    if limit_ms is not None and abs(said.latency.ms - limit_ms) <= said.error * said.latency.ms:
        return False
    return not rank_is_uncertain(said, task.profiles, config.rank_tolerance)


def rank_is_uncertain(said: PredictedLatency, observed: Sequence[Json], tolerance: float | None) -> bool:
    """Whether more than a share ``tolerance`` of the observed networks lie within the error bar of ``said``.

    Their order relative to this network is then unknown, and a measurement is most useful.
    """
    if tolerance is None:
        return False
    reach = said.error * said.latency.ms
    near = sum(abs(_timed(profile).latency.ms - said.latency.ms) <= reach for profile in observed)
    return near > max(1.0, tolerance * len(observed))


def profile_of(
    graph: Graph, lowered: Sequence[Lowered], measurement: Measurement, modelled_ms: float | None = None
) -> dict[str, Json]:
    """The profile of a measured network, from which others are predicted; for the trial's details."""
    counts = [float(op.count) for op in measurement.per_op]
    ops = tuple(zip(features_of(graph, lowered), counts, strict=True))
    profile = Profile(ops, float(measurement.median))
    prior: dict[str, Json] = {} if modelled_ms is None else {MODELLED_MS: modelled_ms}
    return {**profile_to_json(profile), "latency": latency_to_json(measurement.latency), **prior}
