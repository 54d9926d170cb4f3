"""One run of a comparison: its trials along the budget, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micronas.compare.boards import BoardHistory, read_boards
from micronas.compare.plan import PlannedRun
from micronas.compare.progress_point import ProgressPoint, Reported, progress_point, reported_of
from micronas.memory.ledger import Budget
from micronas.store import DATABASE, Store
from micronas.store.final_figures import figures_from_json
from micronas.store.stored_setup import stored_budget


@dataclass(frozen=True)
class History:
    """A run that has started; ``boards`` is empty for a task with one board."""

    run: PlannedRun
    steps: tuple[ProgressPoint, ...]
    reported: Reported | None
    budget: Budget
    majority_baseline: float
    failure: str = ""
    boards: tuple[BoardHistory, ...] = ()

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
        records = store.records()
        return History(
            run=run,
            steps=tuple(progress_point(record) for record in records),
            reported=_reported(store),
            budget=stored_budget(store),
            majority_baseline=facts("majority_baseline"),
            failure=failure,
            boards=read_boards(store, records),
        )


def _reported(store: Store) -> Reported | None:
    final = store.final()
    if final is None:
        return None
    return reported_of(figures_from_json(final.result))
