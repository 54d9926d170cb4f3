"""Executes the remaining runs of a plan, one after another, and reads the results back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from micronas.compare.history import History, read_history
from micronas.compare.plan import ComparisonPlan, PlannedRun
from micronas.compare.results import Results, make_results
from micronas.errors import SearchError, StoreError, TrainError
from micronas.search import new_run, prepare, search, stored_setup
from micronas.search.observer import Observer
from micronas.store import DATABASE, Store, run_lock

RunOne: TypeAlias = Callable[[PlannedRun, Path], None]
"""Starts or resumes a run in a folder and continues to its result."""

Announce: TypeAlias = Callable[[PlannedRun, int, int], None]
"""Called before a run starts, with the run, its position from 1, and the number of runs."""


def run_all(plan: ComparisonPlan, folder: Path, run_one: RunOne, announce: Announce) -> dict[str, str]:
    """Bring every run of ``plan`` to its result; finished ones are not changed.

    Returns name -> reason for runs that ended without a result: a failed search is an outcome, and the others
    continue. Raises ``StoreError`` if another comparison uses ``folder``.
    """
    failures = {}
    with _locked(folder):
        runs = plan.runs()
        for place, run in enumerate(runs, 1):
            if is_finished(folder / run.name):
                continue
            announce(run, place, len(runs))
            try:
                run_one(run, folder / run.name)
            except (SearchError, TrainError) as error:
                failures[run.name] = str(error).splitlines()[0]
    return failures


def check_all(plan: ComparisonPlan) -> None:
    """Check every entry before the first run, instead of failing after an hour; loads data and tools."""
    for run in plan.runs():
        if run.seed == 0:
            prepare(run.config)


def search_run(observer: Observer) -> RunOne:
    """Runs an ordinary search, with progress reported to ``observer``."""

    def run_one(run: PlannedRun, folder: Path) -> None:
        if (folder / DATABASE).is_file():
            with Store.resume(folder) as store:
                search(stored_setup(store), store, observer)
        else:
            setup = prepare(run.config)
            with new_run(setup, folder) as store:
                search(setup, store, observer)

    return run_one


def read_results(plan: ComparisonPlan, folder: Path, failures: dict[str, str] | None = None) -> Results:
    """The results of the runs in ``folder`` so far; raises ``StoreError`` if none has ended."""
    reasons = failures or {}
    found = [read_history(folder / run.name, run, reasons.get(run.name, "")) for run in plan.runs()]
    histories: list[History] = [history for history in found if history is not None and history.steps]
    if not any(history.has_ended for history in histories):
        raise StoreError(
            f"no run of the comparison in {folder} has ended yet",
            remedy="continue with `micronas compare --resume` and its folder",
        )
    return make_results(plan, histories)


def is_finished(folder: Path) -> bool:
    """Whether the run in ``folder`` has its result."""
    if not (folder / DATABASE).is_file():
        return False
    with Store.read(folder) as store:
        return store.final() is not None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = run_lock.acquire(folder)
    try:
        yield
    finally:
        lock.release()
