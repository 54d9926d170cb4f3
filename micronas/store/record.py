"""What a run stores of a trial, in addition to what its strategy observes, and of its result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

from micronas.store.run_format import in_this_format
from micronas.trial import Json, Outcome, Trial, scores_from_json, scores_to_json


@dataclass(frozen=True)
class Record:
    """A stored trial: what the strategy sees, and what only the report shows.

    ``details`` are figures by name (per-op profile, parity, build id, ledger items); ``rejected`` counts the
    proposals refused by the budgets before this one; ``finished_s`` is the run's wall-clock time, excluding
    pauses. ``weights`` are the float weights of the network, as ``train.keras_file`` packs them, in a file
    beside the database.
    """

    trial: Trial
    details: dict[str, Json]
    rejected: int = 0
    finished_s: float = 0.0
    tflite: bytes | None = None
    weights: bytes | None = None


@dataclass(frozen=True)
class Final:
    """The run's result: the figures of the reported network and its int8 model."""

    result: dict[str, Json]
    tflite: bytes


COLUMNS = "number, key, arch, outcome, stage, reason, origin, scores, details, rejected, finished_s"
"""Columns of a trial's row, in the order of ``record_to_row``."""


SqlValue: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = tuple[SqlValue, ...]
"""A row as SQLite returns it."""


def record_to_row(record: Record, finished_s: float) -> tuple[object, ...]:
    """The values of ``COLUMNS``; the model is stored separately."""
    trial = record.trial
    return (
        trial.number,
        trial.key,
        json.dumps(trial.arch),
        trial.outcome.value,
        trial.stage,
        trial.reason,
        trial.origin,
        json.dumps(scores_to_json(trial.scores)) if trial.scores else None,
        json.dumps(record.details),
        record.rejected,
        finished_s,
    )


def record_from_row(row: Row, run_format: Json) -> Record:
    """The inverse, for a row of a run in ``run_format``.

    Raises ``ValueError``, ``KeyError``, ``TypeError`` or ``AttributeError`` for what another version wrote.
    """
    number, key, arch, outcome, stage, reason, origin, scores, details, rejected, finished_s = row
    trial = Trial(
        number=whole_of(number),
        arch=json.loads(text_of(arch)),
        key=text_of(key),
        outcome=Outcome(outcome),
        scores=scores_from_json(in_this_format(json.loads(text_of(scores)), run_format)) if scores else None,
        reason=text_of(reason),
        stage=text_of(stage),
        origin=text_of(origin),
    )
    return Record(trial, json.loads(text_of(details)), whole_of(rejected), number_of(finished_s))


def text_of(value: SqlValue) -> str:
    """A text of a row; raises ``TypeError`` for another value."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def whole_of(value: SqlValue) -> int:
    """A whole number of a row; raises ``TypeError`` for another value."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def number_of(value: SqlValue) -> float:
    """A number of a row; raises ``TypeError`` for another value."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def bytes_of(value: SqlValue) -> bytes:
    """The bytes of a row; raises ``TypeError`` for another value."""
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} is not bytes")
    return value
