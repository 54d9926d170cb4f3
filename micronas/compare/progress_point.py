"""A trial and a result of a run, as a comparison reads them."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.compare.budget import Unit
from micronas.search.past import RUN_CPU_S
from micronas.store import Record
from micronas.store.final_figures import FinalFigures
from micronas.trial import Outcome, Scores


@dataclass(frozen=True)
class ProgressPoint:
    """A trial and its end on the budget's axis. ``scores`` is set only if the trial may be reported."""

    number: int
    wall_s: float
    cpu_s: float
    scores: Scores | None
    trained: bool
    to_the_end: bool
    refused: int
    repeated: bool

    def at(self, unit: Unit) -> float:
        """Position on the budget: trials, minutes or CPU minutes."""
        match unit:
            case Unit.TRIALS:
                return float(self.number + 1)
            case Unit.WALL:
                return self.wall_s / 60
            case Unit.CPU:
                return self.cpu_s / 60


@dataclass(frozen=True)
class Reported:
    """The reported network of a run; accuracies 0..1 of its int8 file."""

    validation: float
    test: float
    test_samples: int
    scores: Scores
    trial: int = 0


def progress_point(record: Record) -> ProgressPoint:
    """The trial of ``record``."""
    trial, details = record.trial, record.details
    repeated = "repeats_trial" in details
    cpu_s = details.get(RUN_CPU_S)
    trained = not repeated and not trial.refused
    return ProgressPoint(
        number=trial.number,
        wall_s=record.finished_s,
        cpu_s=float(cpu_s) if isinstance(cpu_s, int | float) else 0.0,
        scores=trial.scores if trial.outcome is Outcome.COMPLETE else None,
        trained=trained,
        to_the_end=trained and not details.get("stopped"),
        refused=record.rejected + trial.refused,
        repeated=repeated,
    )


def reported_of(found: FinalFigures) -> Reported:
    """The reported network of ``found``."""
    return Reported(
        found.scores.quality_int8, found.test_quality_int8, found.test_samples, found.scores, found.trial
    )
