"""The loop: order, gate, duplicates, failures, and that a killed run goes on as if nothing had happened."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from micronas.config import FinalFitConfig
from micronas.errors import SearchError
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.past import Past, TrialHistory
from micronas.search.termination import WallTimeTermination
from micronas.search.workers.executor import Executor, InlineExecutor, ProcessExecutor
from micronas.store import Record, Store
from micronas.trial import Outcome, Trial
from tests.support.paths import REPOSITORY
from tests.support.search_fakes import Silent, ToyArch, ToyGate, toy_evaluate
from tests.support.toy_loop import make_loop


class Shuffled(InlineExecutor):
    """Ends the youngest of the running tasks first, as workers may."""

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        if not self._queue:
            return None
        task = self._queue.pop()
        return task.number, self._evaluate(task)


def trials_of(records: list[Record]) -> list[Trial]:
    return [record.trial for record in records]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        yield store


def test_every_trial_is_told_and_stored_once_in_order(store: Store) -> None:
    observer = Silent([])
    records = make_loop(store, observer=observer).run()
    assert [r.trial.number for r in records] == list(range(30))
    assert trials_of(store.records()) == trials_of(records)
    assert [r.trial.number for r, _ in observer.trials] == list(range(30))
    assert {r.trial.outcome for r in records} == {Outcome.COMPLETE, Outcome.FAILED}


def test_nothing_over_budget_is_evaluated(store: Store) -> None:
    trained: list[list[int]] = []

    def evaluate(task: TrialTask) -> TrialResult:
        trained.append(list(task.arch))  # type: ignore[arg-type]
        return toy_evaluate(task)

    records = make_loop(store, evaluate=evaluate, gate=ToyGate(limit=9), strategy="random").run()
    assert trained
    assert all(sum(genes) <= 9 for genes in trained)
    # P(sum of six digits of 0..4 <= 9) = 0.2854 (counted); 30 fitting ones out of about 105 proposals
    past = Past(TrialHistory.NOTHING)
    for record in records:
        past.add(record)
    assert past.feasible_share == pytest.approx(0.285, abs=0.13)


def test_when_nothing_fits_infeasible_trials_are_recorded_and_the_search_stops(store: Store) -> None:
    with pytest.raises(SearchError, match="5 trials in a row failed for the same reason, in stage 'budget'"):
        make_loop(store, gate=ToyGate(limit=-1)).run()
    assert [r.trial.outcome for r in store.records()] == [Outcome.INFEASIBLE] * 5
    assert all("over" in r.trial.reason for r in store.records())
    assert all(r.rejected == 100 for r in store.records())


def test_baseline_networks_come_first(store: Store) -> None:
    first = (ToyArch((2,) * 6), ToyArch((1,) * 6))
    records = make_loop(store, first=first).run()
    assert [r.trial.origin for r in records[:3]] == ["baseline", "baseline", "strategy"]
    assert [r.trial.arch for r in records[:2]] == [[2] * 6, [1] * 6]


def test_a_repeated_architecture_is_answered_without_training(store: Store) -> None:
    trained: list[str] = []

    def evaluate(task: TrialTask) -> TrialResult:
        trained.append(task.key)
        return toy_evaluate(task)

    same = ToyArch((1,) * 6)
    records = make_loop(store, trials=3, evaluate=evaluate, first=(same, same, same)).run()
    assert len(trained) == 1
    assert [r.trial.scores for r in records] == [records[0].trial.scores] * 3
    assert records[2].details["repeats_trial"] == 0


def test_equal_failures_in_a_row_stop_the_run_and_give_the_reason(store: Store) -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        return TrialResult(Outcome.FAILED, stage="build", reason=f"no toolchain (try {task.number})")

    message = "3 trials in a row failed for the same reason, in stage 'build': no toolchain"
    with pytest.raises(SearchError, match=message):
        make_loop(store, evaluate=evaluate, max_equal_failures=3).run()
    assert len(store.records()) == 3


def test_different_failures_do_not_stop_it(store: Store) -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        return TrialResult(Outcome.FAILED, stage=("build", "train")[task.number % 2], reason="no")

    assert len(make_loop(store, trials=12, evaluate=evaluate, max_equal_failures=3).run()) == 12


@pytest.mark.parametrize("workers", [2, 3])
def test_a_run_does_not_depend_on_the_order_in_which_workers_end(tmp_path: Path, workers: int) -> None:
    runs = []
    for name, executor in (("a", InlineExecutor(toy_evaluate)), ("b", Shuffled(toy_evaluate))):
        with Store.create(tmp_path / name, {}) as store:
            runs.append(trials_of(make_loop(store, executor=executor, workers=workers).run()))
    assert runs[0] == runs[1]


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("strategy", "same"), [("random", True), ("aging_evolution", False)])
def test_the_number_of_workers_matters_to_a_strategy_that_uses_results(
    tmp_path: Path, strategy: str, same: bool
) -> None:
    found = []
    for workers in (1, 3):
        with Store.create(tmp_path / str(workers), {}) as store:
            store.begin_session()
            found.append(trials_of(make_loop(store, workers=workers, strategy=strategy).run()))
    assert (found[0] == found[1]) is same, "docs/background/nas.md says which strategies differ"


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("make_executor", [InlineExecutor, Shuffled])
@pytest.mark.parametrize("killed_at", [1, 7, 17])
def test_a_run_cut_anywhere_goes_on_to_the_same_trials(
    tmp_path: Path, make_executor: Callable[[Evaluate], Executor], workers: int, killed_at: int
) -> None:
    with Store.create(tmp_path / "whole", {}) as store:
        whole = trials_of(make_loop(store, executor=make_executor(toy_evaluate), workers=workers).run())
    done = 0

    def evaluate(task: TrialTask) -> TrialResult:
        nonlocal done
        if done == killed_at:
            raise KilledError
        done += 1
        return toy_evaluate(task)

    with Store.create(tmp_path / "cut", {}) as store, pytest.raises(KilledError):
        make_loop(store, executor=make_executor(evaluate), workers=workers).run()
    with Store.resume(tmp_path / "cut") as store:
        stored = {r.trial.number for r in store.records()}
        observer = Silent([])
        loop = make_loop(store, executor=make_executor(toy_evaluate), workers=workers, observer=observer)
        assert trials_of(loop.run()) == whole
        assert {r.trial.number for r, replayed in observer.trials if replayed} == stored


RUN = """
import sys, time; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from micronas.search.workers.executor import ProcessExecutor
from micronas.store import Store
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop
def slow(task):
    time.sleep(0.05)
    return toy_evaluate(task)
def factory():
    return slow
if __name__ == "__main__":
    from search import factory  # this file: workers import no main module, and find it by this name

    folder = Path(sys.argv[1])
    store = Store.resume(folder) if folder.exists() else Store.create(folder, {})
    store.begin_session()
    executor = ProcessExecutor(factory, workers=2, task_deadline_s=30)
    make_loop(store, executor=executor, workers=2, trials=60, max_equal_failures=60).run()
    executor.close()
"""


def search_in_a_process(script: Path, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, script, folder, REPOSITORY])


def wait_for_trials(folder: Path, trials: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (folder / "run.sqlite").exists():
            with Store.read(folder) as reader:
                if len(reader.records()) >= trials:
                    return
        time.sleep(0.02)
    raise AssertionError(f"no {trials} trials within 60 s")


def test_kill_9_and_resume_with_real_workers(tmp_path: Path) -> None:
    script = tmp_path / "search.py"
    script.write_text(RUN)
    process = search_in_a_process(script, tmp_path / "cut")
    wait_for_trials(tmp_path / "cut", 12)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    with Store.read(tmp_path / "cut") as reader:
        assert 12 <= len(reader.records()) < 60
    assert search_in_a_process(script, tmp_path / "cut").wait(timeout=120) == 0
    assert search_in_a_process(script, tmp_path / "whole").wait(timeout=120) == 0
    with Store.read(tmp_path / "cut") as cut, Store.read(tmp_path / "whole") as whole:
        assert trials_of(cut.records()) == trials_of(whole.records())
        assert len(cut.records()) == 60


def crash(task: TrialTask) -> TrialResult:
    if task.number == 1:
        os._exit(3)
    if task.number == 2:
        time.sleep(60)
    if task.number == 4:
        time.sleep(3)
    return toy_evaluate(task)


def crash_factory() -> Evaluate:
    return crash


def test_a_worker_that_crashes_or_hangs_costs_its_own_trial_only() -> None:
    with ProcessExecutor(crash_factory, workers=1, task_deadline_s=1.0, grace_s=0.5) as executor:
        for number in range(4):
            executor.submit(TrialTask(number, [1, 1, 1, 1, 1, number], f"k{number}"))
        executor.submit(TrialTask(4, [1, 1, 1, 1, 1, 4], "k4", hang_timeout_s=20.0))  # slow, and known to be
        results = dict(filter(None, (executor.next_finished(30.0) for _ in range(5))))
    assert results[0].outcome is Outcome.COMPLETE
    assert "exit code 3" in results[1].reason
    assert "deadline" in results[2].reason
    assert results[3].outcome is results[4].outcome is Outcome.COMPLETE


def broken_factory() -> Evaluate:
    raise ImportError("no module named tensorflow")


def test_workers_that_cannot_start_say_so_and_do_not_hang() -> None:
    with ProcessExecutor(broken_factory, workers=1, task_deadline_s=5.0) as executor:
        executor.submit(TrialTask(0, [1] * 6, "k"))
        finished = executor.next_finished(30.0)
    assert finished is not None
    assert finished[1].outcome is Outcome.FAILED
    assert "no module named tensorflow" in finished[1].reason


def test_time_effort_keeps_time_for_the_final_fit() -> None:
    spent = 0.0
    termination = WallTimeTermination(10, FinalFitConfig(share=0.3), spent_s=lambda: spent, closing_s=20)
    assert termination.admits(0)
    termination.took(30.0)
    spent = 600 * 0.7 - 31
    assert termination.admits(5)
    spent = 600 * 0.7 - 29  # a trial of 30 s would end too late
    assert not termination.admits(5)
    spent = 425.0
    assert termination.final_fit_s(rounds=1) == pytest.approx(600 - 425 - 20)
    assert termination.final_fit_s(rounds=2) == pytest.approx((600 - 425 - 20) / 2)
    assert termination.left() == "2:55 min"


def test_time_effort_gives_up_on_stragglers(store: Store) -> None:
    class Stuck(InlineExecutor):
        def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
            return super().next_finished(timeout_s) if timeout_s is None else None

    ends = iter([0.0] * 4 + [1000.0] * 100)
    termination = WallTimeTermination(1, FinalFitConfig(share=0.5), lambda: next(ends), 1)
    records = make_loop(store, executor=Stuck(toy_evaluate), termination=termination, workers=2).run()
    assert [r.trial.number for r in records] == list(range(len(records)))
    assert len(store.records()) == len(records)


def test_finished_times_are_wall_clock_of_the_run(store: Store) -> None:
    make_loop(store, trials=5).run()
    times = [record.finished_s for record in store.records()]
    assert times == sorted(times)
    assert times[0] >= 0


def test_the_factory_of_a_process_executor_may_be_a_partial() -> None:
    factory = functools.partial(crash_factory)
    with ProcessExecutor(factory, workers=1, task_deadline_s=5.0) as executor:
        executor.submit(TrialTask(0, [1] * 6, "k"))
        finished = executor.next_finished(30.0)
    assert finished is not None
    assert finished[1].outcome is Outcome.COMPLETE
