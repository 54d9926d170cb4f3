"""When a latency is predicted instead of measured, and what becomes of the prediction.

A trial's forecast comes from the profiles that were told when it was asked (``Task.profiles``) and from its
own network, so that a resumed run predicts what the uninterrupted one did. A predicted latency is labelled
``predicted`` wherever it goes. Measured all the same are: every k-th trial, a network that the model does
not reach, any network while the error bar is too wide, one whose latency budget lies within the bar, and
every final one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from micronas.config import BudgetConfig, LatencyConfig
from micronas.counted import counted
from micronas.estimate.rank import kendall_tau
from micronas.graph import Graph
from micronas.latency_model import LatencyModel, Profile, features_of, profile_from_json, profile_to_json
from micronas.lowering import Lowered
from micronas.measure import Measurement
from micronas.search.task import Task
from micronas.store import Record
from micronas.trial import Json, Latency, Source
from micronas.trial_json import latency_from_json, latency_to_json

PROFILE, FORECAST = "latency_profile", "latency_forecast"
"""Details of a trial: what it taught the model, and what the model said (even where it was measured)."""


@dataclass(frozen=True)
class Forecast:
    """A predicted latency; ``error`` is relative, the largest of ``networks`` left-out predictions."""

    latency: Latency
    error: float
    networks: int

    def to_json(self, measured: Latency | None = None) -> dict[str, Json]:
        """For the trial's details, with the relative error where the network was ``measured`` too."""
        actual = None if measured is None else self.latency.ms / measured.ms - 1.0
        return {"ms": self.latency.ms, "error_bar": self.error, "networks": self.networks, "error": actual}


def forecast(graph: Graph, lowered: Sequence[Lowered], task: Task) -> Forecast | None:
    """What the told profiles say about a network; None where they say nothing."""
    if task.final or not task.profiles:
        return None
    told: list[Any] = list(task.profiles)
    prediction = LatencyModel([profile_from_json(p) for p in told]).predict(features_of(graph, lowered))
    if prediction is None:
        return None
    known, counted = latency_from_json(told[-1]["latency"]), float(told[-1]["count"])
    count = round(prediction.count)
    latency = replace(
        known,
        ms=known.ms / counted * prediction.count,
        source=Source.PREDICTED,
        instructions=None if known.instructions is None else count,
        cycles=None if known.cycles is None else count,
    )
    return Forecast(latency, prediction.error, prediction.networks)


def stands(said: Forecast | None, task: Task, config: LatencyConfig, budgets: BudgetConfig) -> bool:
    """Whether ``said`` may stand for a measurement of this trial."""
    if said is None or task.final or task.number % config.measure_every == 0:
        return False
    if said.networks < config.least_networks or said.error > config.max_error:
        return False
    limit_ms = budgets.latency_ms
    return limit_ms is None or abs(said.latency.ms - limit_ms) > said.error * said.latency.ms


def profile_of(graph: Graph, lowered: Sequence[Lowered], measurement: Measurement) -> dict[str, Json]:
    """What a measured network teaches the model, for the trial's details."""
    counts = [float(op.count) for op in measurement.per_op]
    ops = tuple(zip(features_of(graph, lowered), counts, strict=True))
    profile = Profile(ops, float(measurement.median))
    return {**profile_to_json(profile), "latency": latency_to_json(measurement.latency)}


@dataclass(frozen=True)
class Check:
    """How a run's forecasts did; ``pairs`` are (predicted, measured) ms of networks that have both."""

    predicted: int
    measured: int
    pairs: tuple[tuple[float, float], ...]

    @property
    def worst_error(self) -> float:
        """Largest relative error of the pairs."""
        return max((abs(p / m - 1.0) for p, m in self.pairs), default=0.0)


def check_forecasts(records: Sequence[Record]) -> Check:
    """Count what was predicted, and hold what was both predicted and measured against each other."""
    trials = [r for r in records if "repeats_trial" not in r.details]
    pairs: list[tuple[float, float]] = []
    for record in trials:
        said: Any = record.details.get(FORECAST)
        if said and said["error"] is not None:
            pairs.append((said["ms"], said["ms"] / (1.0 + said["error"])))
    return Check(
        predicted=sum(FORECAST in r.details and PROFILE not in r.details for r in trials),
        measured=sum(PROFILE in r.details for r in trials),
        pairs=tuple(pairs),
    )


def check_to_json(check: Check) -> dict[str, Json]:
    """The object ``forecasts`` of a search's JSON; the last two are null without a pair."""
    tau = kendall_tau(*zip(*check.pairs, strict=True)) if len(check.pairs) > 1 else None
    return {
        "predicted": check.predicted,
        "measured": check.measured,
        "checked": len(check.pairs),
        "worst_error": check.worst_error if check.pairs else None,
        "kendall_tau": tau,
    }


def check_text(check: Check) -> str:
    """One line for people."""
    figures = check_to_json(check)
    text = f"latency model: {counted(check.predicted, 'network')} predicted, {check.measured} built and run"
    if not check.pairs:
        return f"{text}; nothing that it forecast was measured"
    text += f"; of {len(check.pairs)} that have both, the largest error is {100 * check.worst_error:.1f} %"
    return text if figures["kendall_tau"] is None else f"{text}, Kendall's tau {figures['kendall_tau']:.2f}"
