"""Runs what the plan says and is not done yet, one run after the other, and reads everything back."""

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
from micronas.search.loop import Observer
from micronas.store import DATABASE, Store, run_lock

RunOne: TypeAlias = Callable[[PlannedRun, Path], None]
"""Begins, or goes on with, a run in a folder up to its result."""

Announce: TypeAlias = Callable[[PlannedRun, int, int], None]
"""Told before a run begins: which, its place from 1, and how many there are."""


def run_all(plan: ComparisonPlan, folder: Path, run_one: RunOne, announce: Announce) -> dict[str, str]:
    """Bring every run of ``plan`` to its result; finished ones are left alone.

    Returns name -> reason for runs that ended without a result: a search that fails is an outcome, and the
    others go on. Raises ``StoreError`` if another comparison works in ``folder``.
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
    """Refuse now what a run would be refused for in an hour: loads data and tools once per entry."""
    for run in plan.runs():
        if run.seed == 0:
            prepare(run.config)


def search_run(observer: Observer) -> RunOne:
    """Runs an ordinary search, with its progress told to ``observer``."""

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
    """What the runs in ``folder`` amount to so far; raises ``StoreError`` if none has ended."""
    reasons = failures or {}
    found = [read_history(folder / run.name, run, reasons.get(run.name, "")) for run in plan.runs()]
    histories: list[History] = [history for history in found if history is not None and history.steps]
    if not any(history.has_ended for history in histories):
        raise StoreError(
            f"no run of the comparison in {folder} has ended yet",
            remedy="go on with `micronas compare --resume` and its folder",
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
