"""A search of four times as many trials costs four times as much: counted in queries and bytes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.scale import run, task
from micronas.report import write_report
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.store import Record, Store

FEW, MANY = 200, 800
SLACK = 1.1


@dataclass(frozen=True)
class Cost:
    """What a run of some trials cost."""

    queries: int
    resumed_queries: int
    largest_task: int
    kept: int
    page: int


def cost_of(folder: Path, trials: int) -> Cost:
    queries, tasks = [0], [0]

    def counted(statement: str) -> None:
        queries[0] += 1

    def evaluate(one: TrialTask) -> TrialResult:
        tasks[0] = max(tasks[0], len(pickle.dumps(one)))
        return task.evaluate(one)

    def searched() -> tuple[int, list[Record]]:
        queries[0] = 0
        with run.opened(folder, "aging_evolution") as store:
            store._database.connection.set_trace_callback(counted)
            records = run.search(store, "aging_evolution", trials, run.Watcher(10**9))
        return queries[0], records

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "evaluate", evaluate)
        first, records = searched()
        resumed, again = searched()
    assert [r.trial for r in again] == [r.trial for r in records]
    with Store.read(folder) as store:
        page = write_report(store).stat().st_size
    return Cost(first, resumed, tasks[0], len(pickle.dumps(records)), page)


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cost, Cost]:
    folder = tmp_path_factory.mktemp("scale")
    return cost_of(folder / "few", FEW), cost_of(folder / "many", MANY)


def test_queries_grow_with_the_trials(costs: tuple[Cost, Cost]) -> None:
    few, many = costs
    assert few.queries > FEW
    assert many.queries < SLACK * MANY / FEW * few.queries
    assert many.resumed_queries < SLACK * MANY / FEW * few.resumed_queries


def test_a_task_does_not_grow(costs: tuple[Cost, Cost]) -> None:
    few, many = costs
    assert many.largest_task < few.largest_task + 50


def test_what_a_search_keeps_of_a_trial_is_small(costs: tuple[Cost, Cost]) -> None:
    few, many = costs
    assert many.kept < SLACK * MANY / FEW * few.kept
    assert many.kept / MANY < task.DETAIL_BYTES / 4, "neither its model nor the details of its build"


def test_the_page_grows_with_the_trials(costs: tuple[Cost, Cost]) -> None:
    few, many = costs
    assert many.page < SLACK * MANY / FEW * few.page
