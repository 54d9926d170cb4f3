"""What goes to a worker and what comes back: both small, picklable and free of any framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from micronas.trial import Json, Outcome, Scores


@dataclass(frozen=True)
class TrialTask:
    """One architecture to evaluate, as JSON.

    ``final`` asks for the proper training of a finalist instead of the search's short one;
    ``deadline_s`` is how long it may take, None for as long as its epochs need. ``curves`` are the
    validation accuracies per epoch of earlier trials, for rules that stop a training early: what was observed
    when this trial was asked, so that a resumed run stops where the uninterrupted one did. ``profiles`` are
    those trials' latency profiles (see ``forecast``), for the same reason. ``measure`` asks for a
    measurement whatever a forecast says. ``hang_timeout_s`` is the time after which the task must be hanging
    rather than training, where that is longer than for others.
    """

    number: int
    arch: Json
    key: str
    final: bool = False
    deadline_s: float | None = None
    curves: tuple[tuple[float, ...], ...] = ()
    profiles: tuple[Json, ...] = ()
    measure: bool = False
    hang_timeout_s: float = 0.0


@dataclass(frozen=True)
class TrialResult:
    """How a task ended. ``details`` are figures for the report only; see ``store.Record``."""

    outcome: Outcome
    scores: Scores | None = None
    stage: str = ""
    reason: str = ""
    details: dict[str, Json] = field(default_factory=dict)
    tflite: bytes | None = None


Evaluate: TypeAlias = Callable[[TrialTask], TrialResult]
"""Runs one task to its end; what goes wrong inside is a FAILED result, never an exception."""
