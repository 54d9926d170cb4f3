"""One run of a comparison: its trials along the budget, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micronas.compare.budget import Unit
from micronas.compare.plan import PlannedRun
from micronas.memory.ledger import Budget
from micronas.search.past import RUN_CPU_S
from micronas.store import DATABASE, Record, Store
from micronas.store.final_figures import figures_from_json
from micronas.store.stored_setup import stored_budget
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


@dataclass(frozen=True)
class History:
    """A run that has started."""

    run: PlannedRun
    steps: tuple[ProgressPoint, ...]
    reported: Reported | None
    budget: Budget
    majority_baseline: float
    failure: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended; a run in progress would look like a bad one."""
        return self.reported is not None or bool(self.failure)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the search, without the final training."""
        return max((step.cpu_s for step in self.steps), default=0.0)


def read_history(folder: Path, run: PlannedRun, failure: str = "") -> History | None:
    """The run in ``folder``, or None if it has not started."""
    if not (folder / DATABASE).is_file():
        return None
    with Store.read(folder) as store:
        facts: Any = store.fact
        return History(
            run=run,
            steps=tuple(_step(record) for record in store.records()),
            reported=_reported(store),
            budget=stored_budget(store),
            majority_baseline=facts("majority_baseline"),
            failure=failure,
        )


def _step(record: Record) -> ProgressPoint:
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


def _reported(store: Store) -> Reported | None:
    final = store.final()
    if final is None:
        return None
    found = figures_from_json(final.result)
    return Reported(found.scores.quality_int8, found.test_quality_int8, found.test_samples, found.scores)
