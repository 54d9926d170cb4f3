"""Workers that take too long or too much memory are stopped; a clock that jumps stops nothing."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import numpy as np
import pytest

from micronas.errors import TrainError
from micronas.host.machine_memory import machine_memory_bytes
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.workers.executor import ProcessExecutor
from micronas.search.workers.watch import WorkerWatch
from micronas.train.isolated import run_isolated
from micronas.trial import Outcome
from tests.support.search_fakes import toy_evaluate

MOST_BYTES = 400_000_000


class Task:
    """A future that runs until it is cancelled."""

    def __init__(self, runs: bool = True) -> None:
        self.runs, self.cancelled = runs, False

    def running(self) -> bool:
        return self.runs and not self.cancelled

    def cancel(self) -> bool:
        self.cancelled = True
        return True


def test_a_task_has_its_limit_from_when_a_worker_begins_it() -> None:
    now_s = [100.0]
    watch = WorkerWatch(list, MOST_BYTES, clock=lambda: now_s[0])
    queued, runs = Task(runs=False), Task()
    watch.add(queued, 5.0)
    watch.add(runs, 5.0)
    watch.check()
    now_s[0] = 105.0
    watch.check()
    assert not runs.cancelled
    now_s[0] = 105.1
    watch.check()
    assert runs.cancelled
    assert not queued.cancelled
    assert watch.remove(runs) == "exceeded its deadline and was stopped"
    assert watch.remove(queued) == ""


def test_time_in_which_the_search_was_stopped_does_not_count() -> None:
    """Ctrl-Z in the evening, ``fg`` in the morning; then the task has the rest of its limit."""
    now_s = [100.0]
    watch, task = WorkerWatch(list, MOST_BYTES, clock=lambda: now_s[0]), Task()
    watch.add(task, 60.0)
    watch.check()
    now_s[0] += 36_000.0
    watch.check()
    assert not task.cancelled
    for _ in range(60):
        now_s[0] += 1.0
        watch.check()
    assert task.cancelled


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    whole = machine_memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert machine_memory_bytes(tmp_path) == whole
    (tmp_path / "memory.max").write_text("1000000\n")
    assert machine_memory_bytes(tmp_path) == 1_000_000


def eat(task: TrialTask) -> TrialResult:
    if task.number == 1:
        kept = [np.ones(10_000_000, np.uint8) for _ in range(100)]
        time.sleep(30 + len(kept))
    time.sleep(0.3)
    return toy_evaluate(task)


def eater() -> Evaluate:
    return eat


@pytest.fixture(scope="module")
def results() -> dict[int, TrialResult]:
    """Three trials, of which one eats memory; the system clock jumps by a day whenever it is read."""
    found: dict[int, TrialResult] = {}
    clock, days = time.time, itertools.count()
    with (
        pytest.MonkeyPatch.context() as patch,
        ProcessExecutor(eater, workers=1, task_deadline_s=20.0, memory_bytes=MOST_BYTES) as executor,
    ):
        patch.setattr(time, "time", lambda: clock() + 86_400 * next(days))
        for number in range(3):
            executor.submit(TrialTask(number, [1] * 6, f"k{number}"))
        for _ in range(3):
            found.update(filter(None, [executor.next_finished(60.0)]))
    return found


def test_a_worker_that_eats_memory_fails_its_own_trial_only(results: dict[int, TrialResult]) -> None:
    assert results[0].outcome is Outcome.COMPLETE
    assert (results[1].outcome, results[1].stage) == (Outcome.FAILED, "worker")
    assert "more than its limit of 0.40 GB, and was stopped (worker_memory_gb, workers)" in results[1].reason


def test_a_clock_that_jumps_fails_no_trial(results: dict[int, TrialResult]) -> None:
    assert results[2].outcome is Outcome.COMPLETE, results[2].reason


def wait_s(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_an_isolated_computation_keeps_its_deadline() -> None:
    with pytest.raises(TrainError, match="waiting took longer than 1 s and was stopped") as stopped:
        run_isolated(wait_s, 60.0, deadline_s=1.0, what="waiting")
    assert "overloaded" in str(stopped.value.remedy)
