"""The reported trials of a search, as the rest of it needs them: in time and memory that stay linear.

Models and weights are in the store, and so is most of a trial's details; a search over many days must not
keep them in memory. Every question about all trials is answered from a sum or an index, not by a scan.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from micronas.config import SearchConfig
from micronas.search.evaluation.task import ONE_NETWORK
from micronas.search.failure_limit import failed_for_its_device
from micronas.search.predicted_latency.gate import UNTRAINED
from micronas.search.predicted_latency.prediction import PREDICTION, PROFILE
from micronas.store import Record
from micronas.store.other_boards import BOARDS
from micronas.trial import Json, Outcome, object_at

RUN_CPU_S = "run_cpu_s"
"""Detail of every stored trial: CPU seconds of the whole run when the trial ended, excluding pauses."""

_KEPT = frozenset((RUN_CPU_S, "repeats_trial", PROFILE, PREDICTION, UNTRAINED, BOARDS, ONE_NETWORK))


class TrialHistory(Enum):
    """What a task tells its worker of earlier trials; curves grow with the number of trials."""

    NOTHING = "nothing"
    ALL = "curves"


def history_for(config: SearchConfig) -> TrialHistory:
    """Curves only for an estimator that stops trainings by them, or one of the user's that may."""
    return TrialHistory.NOTHING if config.estimator.name in ("train", "supernet") else TrialHistory.ALL


class Past:
    """Add every reported trial, in number order."""

    def __init__(self, sends: TrialHistory) -> None:
        self._sends = sends
        self._proposed = self._fitting = 0
        self._ended_as: dict[str, int] = {}
        self._curves: list[tuple[float, ...]] = []
        self._profiles: list[Json] = []
        self.records: list[Record] = []
        """Without models and weights, and with few details: ``Store.record`` has the rest."""

    def add(self, record: Record) -> None:
        """The next trial."""
        self._proposed += 1 + record.rejected
        self._fitting += record.trial.outcome is not Outcome.INFEASIBLE
        if not failed_for_its_device(record.trial):
            self._ended_as.setdefault(record.trial.key, record.trial.number)
        if "repeats_trial" not in record.details:
            self._learn(record.details)
        details = {key: value for key, value in record.details.items() if key in _KEPT}
        if BOARDS in details:
            details[BOARDS] = _without_details(details[BOARDS])
        self.records.append(replace(record, details=details, tflite=None, weights=None))

    def _learn(self, details: dict[str, Json]) -> None:
        curve = details.get("curve")
        if isinstance(curve, list) and self._sends is TrialHistory.ALL:
            self._curves.append(tuple(curve))  # type: ignore[arg-type]
        if PROFILE in details:
            self._profiles.append(details[PROFILE])

    def ended_as(self, key: str) -> int | None:
        """The number of the first trial of an architecture, unless it failed because of its device."""
        return self._ended_as.get(key)

    @property
    def feasible_share(self) -> float:
        """Share of all proposals that were within the budgets."""
        return self._fitting / self._proposed if self._proposed else 1.0

    @property
    def curves(self) -> tuple[tuple[float, ...], ...]:
        """Accuracy per epoch of the trials that were trained, if tasks need them."""
        return tuple(self._curves)

    @property
    def profiles(self) -> tuple[Json, ...]:
        """Latency profiles; empty unless the search predicts latencies."""
        return tuple(self._profiles)


def _without_details(boards: Json) -> Json:
    entries = object_at(boards)
    return {name: {**object_at(entries, name), "details": {}} for name in entries}
