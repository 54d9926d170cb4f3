"""A fault of the machine stops the search and loses nothing: resuming repeats the trial that it hit."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.config import load_config
from micronas.errors import BuildError, MachineError, ToolMissingError
from micronas.estimate.full import Estimate
from micronas.search.evaluation.evaluator import Stages, TrialEvaluator
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask, failed_machine
from micronas.search.workers.executor import ProcessExecutor
from micronas.store import Store
from micronas.trial import Outcome
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

TASK = TrialTask(0, [], "key")
FULL_DISK = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/file")


def evaluator(error: Exception) -> TrialEvaluator:
    def estimate(task: TrialTask) -> Estimate:
        raise error

    config = load_config("mnist5k")
    return TrialEvaluator(config, Stages(estimate, lambda model, task: pytest.fail("not reached")))


@pytest.mark.parametrize("error", [FULL_DISK, ToolMissingError("no compiler", remedy="install one")])
def test_a_trial_reports_the_machines_fault_as_such(error: Exception) -> None:
    assert evaluator(error)(TASK).fault is not None


def test_a_networks_own_failure_is_stored_bounded_and_escaped() -> None:
    result = evaluator(BuildError("\x1b[31mred " + "x" * 1_000_000))(TASK)
    assert (result.outcome, result.stage, result.fault) == (Outcome.FAILED, "build", None)
    assert result.reason.startswith(r"\x1b[31mred xxx")
    assert len(result.reason) < 5_000


def test_the_search_stops_unstored_and_resumes_as_if_nothing_had_happened(tmp_path: Path) -> None:
    def until_full(task: TrialTask) -> TrialResult:
        if task.number >= 7:
            return failed_machine(MachineError("disk full", remedy="make room"))
        return toy_evaluate(task)

    whole = _run(tmp_path / "whole", toy_evaluate)
    with pytest.raises(MachineError, match=r"trial 7 was stopped by a fault of this machine: disk full") as e:
        _run(tmp_path / "run", until_full)
    assert "make room; then continue with --resume" in (e.value.remedy or "")
    with Store.resume(tmp_path / "run") as store:
        assert [r.trial.number for r in store.records()] == list(range(7))
        store.begin_session()
        make_loop(store).run()
        assert [r.trial for r in store.records()] == whole


def _run(folder: Path, evaluate: Evaluate) -> list[object]:
    with Store.create(folder, {}) as store:
        store.begin_session()
        make_loop(store, evaluate=evaluate).run()
        return [r.trial for r in store.records()]


def _no_data() -> Evaluate:
    raise RuntimeError("the data set went away")


def test_a_worker_that_cannot_start_is_the_machines_fault() -> None:
    with ProcessExecutor(_no_data, workers=1, task_deadline_s=60.0) as executor:
        executor.submit(TASK)
        finished = executor.next_finished(120.0)
    assert finished is not None
    fault = finished[1].fault
    assert fault is not None
    assert fault.message == "a worker cannot start: RuntimeError: the data set went away"


def _dies() -> Evaluate:
    os._exit(3)


def test_workers_whose_interpreter_dies_are_the_machines_fault() -> None:
    """Both tasks: the one that was submitted before the pool ended, and the one after."""
    with ProcessExecutor(_dies, workers=1, task_deadline_s=60.0) as executor:
        for number in range(2):
            executor.submit(replace(TASK, number=number))
            finished = executor.next_finished(120.0)
            assert finished is not None
            fault = finished[1].fault
            assert fault is not None
            assert "worker processes end before they accept a task" in fault.message
            assert "micronas doctor" in (fault.remedy or "")


def _killed_at_first(task: TrialTask) -> TrialResult:
    """As the system does when memory is short; ``arch`` names a file that counts the attempts."""
    attempts = Path(str(task.arch))
    attempts.write_text(attempts.read_text() + "x")
    if task.number == 1 or len(attempts.read_text()) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return TrialResult(Outcome.COMPLETE)


def _killed_factory() -> Evaluate:
    return _killed_at_first


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_the_task_of_a_killed_worker_is_repeated_once(tmp_path: Path) -> None:
    with ProcessExecutor(_killed_factory, workers=1, task_deadline_s=60.0) as executor:
        results, attempts = [], []
        for number in range(2):
            file = tmp_path / str(number)
            file.touch()
            executor.submit(TrialTask(number, str(file), "key"))
            finished = executor.next_finished(120.0)
            assert finished is not None
            results.append(finished[1])
            attempts.append(len(file.read_text()))
    assert attempts == [2, 2]
    assert results[0].outcome is Outcome.COMPLETE
    assert results[1].reason == "the worker process ended with signal 9 (out of memory, or a crash)"


def _server_killed_at_first(task: TrialTask) -> TrialResult:
    """Kills the process from which this worker was forked; without it, the worker ends."""
    attempts = Path(str(task.arch))
    attempts.write_text(attempts.read_text() + "x")
    if len(attempts.read_text()) == 1:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60.0)
    return TrialResult(Outcome.COMPLETE)


def _server_killed_factory() -> Evaluate:
    return _server_killed_at_first


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
def test_the_task_is_repeated_if_the_process_that_forks_workers_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "attempts"
    file.touch()
    with ProcessExecutor(
        _server_killed_factory, workers=1, task_deadline_s=60.0, image="micronas.search.workers.executor"
    ) as executor:
        executor.submit(TrialTask(0, str(file), "key"))
        finished = executor.next_finished(120.0)
    assert finished is not None
    assert (finished[1].outcome, file.read_text()) == (Outcome.COMPLETE, "xx")
