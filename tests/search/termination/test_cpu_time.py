"""A budget in CPU time: it counts the work of every process, and no long trial overruns it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from micronas.config import FinalFitConfig, parse_config
from micronas.errors import ConfigError
from micronas.search.affordable import WORKER_START_S
from micronas.search.cpu_clock import REFRESH_S, CpuClock, RunStopwatch, SharedClock, tree_cpu_s
from micronas.search.evaluation.limits import after, limit_of
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.past import RUN_CPU_S
from micronas.search.run import cpu_before
from micronas.search.termination import AnyTermination, CpuTimeTermination, TrialTermination, make_termination
from micronas.search.termination.cpu import CLOSING_SHARE, DEPLOY_CPU_S, FILES_CPU_S
from micronas.store import Store
from micronas.train.time_limit import Stopwatch
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"

COUNTED = """
import subprocess, sys
from micronas.search.cpu_clock import SharedClock
clock = SharedClock.started()
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
print(clock.since_s())
"""
"""In a process of its own: those that earlier tests have started may end meanwhile."""


def test_the_clock_counts_children_that_run_and_children_that_ended() -> None:
    before_s = tree_cpu_s()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert tree_cpu_s() - before_s >= 0.3  # the system counts in ticks of 10 ms, and not all at one moment
    clock = CpuClock(before_s=100.0)
    running = subprocess.Popen([sys.executable, "-c", BURN + "time.sleep(60)"])
    try:
        deadline = time.monotonic() + 30
        while clock.spent_s() < 100.35 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 100.35 <= clock.spent_s() < 105
    finally:
        running.kill()
        running.wait()
    assert clock.spent_s() >= 100.35


def test_waiting_costs_nothing() -> None:
    clock = CpuClock()
    time.sleep(0.5)
    assert clock.spent_s() < 0.4


class Spent:
    """A CPU clock that is set by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def evaluate(self, task: TrialTask) -> TrialResult:
        """A toy trial that takes ten CPU seconds."""
        self.seconds += 10.0
        return toy_evaluate(task)


def test_a_trial_begins_only_if_the_longest_of_the_latest_would_still_end_in_time() -> None:
    spent = Spent()
    termination = CpuTimeTermination(2.0, spent, FinalFitConfig(share=0.25))  # trials end at 90 s
    assert termination.admits(0)
    for seconds in (10.0, 40.0, 10.0):
        spent.seconds += seconds
        termination.took(1.0)
    spent.seconds = 49.0
    assert termination.admits(3)
    spent.seconds = 51.0
    assert not termination.admits(3)
    assert termination.admits(0), "the first one always runs"
    assert termination.left() == "1.1 CPU-min"
    assert (termination.final_fit_s(1), termination.trial_s(), termination.drain_s()) == (None, None, None)


def test_the_final_training_gets_what_is_left_of_the_cpu_time() -> None:
    spent = Spent()
    termination = CpuTimeTermination(2.0, spent, FinalFitConfig())
    spent.seconds = 54.0
    assert termination.final_fit_cpu_s(1) == 120 - FILES_CPU_S - 54
    assert termination.final_fit_cpu_s(3) == (120 - FILES_CPU_S - 54) / 3
    spent.seconds = 130.0
    assert termination.final_fit_cpu_s(1) == 5.0, "a run that is over its budget still has a result"
    assert TrialTermination(3).final_fit_cpu_s(1) is None
    other = CpuTimeTermination(1.0, Spent(), FinalFitConfig())
    assert AnyTermination(TrialTermination(3), other).final_fit_cpu_s(1) == 60.0 - FILES_CPU_S


def test_builds_of_the_finalists_are_kept_as_long_as_those_of_the_trials() -> None:
    """What a trial took besides its training is its device; the first one also started a worker."""
    spent = Spent()
    termination = CpuTimeTermination(10.0, spent, FinalFitConfig(), deploys=True)
    unknown = 600 - FILES_CPU_S - 2 * DEPLOY_CPU_S
    assert termination.final_fit_cpu_s(1) == unknown
    for total_s, train_s in ((20.0, 8.0), (9.0, 8.0), (11.0, 8.0), (10.0, 8.5)):
        spent.seconds += total_s
        termination.took(total_s)
        termination.final_takes(30.0, 10.0, train_s)
    assert termination.final_fit_cpu_s(1) == 600 - FILES_CPU_S - 2 * 1.5 - 50
    assert termination.final_fit_cpu_s(2) == (600 - FILES_CPU_S - 3 * 1.5 - 50) / 2
    small = CpuTimeTermination(0.5, Spent(), FinalFitConfig(), deploys=True)
    assert small.final_fit_cpu_s(1) == 30.0 - CLOSING_SHARE * 30.0


def test_a_worker_counts_the_run_from_when_its_task_was_given_away() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTED, BURN], check=True, capture_output=True, text=True)
    assert float(done.stdout) >= 0.3
    clock = SharedClock.started()
    assert replace(clock, born_s=clock.born_s - 60).since_s() is None, "another process with its number"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert replace(clock, pid=ended.pid).since_s() is None


class GivenAway(SharedClock):
    """So many CPU seconds have passed, or nothing is known here."""

    passed: ClassVar[float | None] = None

    def since_s(self) -> float | None:
        return self.passed


@pytest.mark.parametrize(("passed_s", "left_s"), [(11.0, 49.0), (None, 60 - WORKER_START_S), (50.0, 30.0)])
def test_the_start_of_the_worker_is_part_of_the_time_of_its_task(
    passed_s: float | None, left_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GivenAway, "passed", passed_s)
    task = TrialTask(0, None, "k", final=True, cpu_s=60.0, run_clock=GivenAway(1, 0.0, 0.0))
    assert limit_of(task).cpu_s == left_s
    instead = after(Stopwatch(), task)
    assert limit_of(instead).cpu_s == pytest.approx(left_s, abs=0.5), "nothing is subtracted twice"
    assert limit_of(TrialTask(0, None, "k", cpu_s=60.0)).cpu_s == 60.0


def test_a_worker_counts_what_the_leading_process_uses_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: own[0])
    monkeypatch.setattr(GivenAway, "passed", 10.0)
    watch = RunStopwatch(GivenAway(1, 0.0, 0.0))
    own[0] = REFRESH_S - 0.1
    assert watch.cpu_s == pytest.approx(REFRESH_S - 0.1), "not looked again yet"
    own[0] = REFRESH_S
    monkeypatch.setattr(GivenAway, "passed", 10.0 + REFRESH_S + 0.5)
    assert watch.cpu_s == pytest.approx(REFRESH_S + 0.5), "half a second of the leading process"
    own[0] = REFRESH_S + 1.0
    assert watch.cpu_s == pytest.approx(REFRESH_S + 1.5)
    monkeypatch.setattr(GivenAway, "passed", None)
    own[0] = 3 * REFRESH_S
    assert watch.cpu_s == pytest.approx(3 * REFRESH_S + 0.5), "goes on by itself"
    alone = RunStopwatch(GivenAway(1, 0.0, 0.0))
    own[0] += 4.0
    assert alone.cpu_s == pytest.approx(4.0), "on another machine"


def test_seconds_before_the_search_count_where_it_says_when_they_began() -> None:
    begun_s = tree_cpu_s() - 5.0
    assert 105.0 <= CpuClock(100.0, begun_s).spent_s() < 106.0


@pytest.mark.parametrize(
    ("final_s", "enough_s", "final_share"),
    [
        (24.0, 8.0, 0.25),
        (1.0, 1.0, 7 / 120),
        (-5.0, -5.0, 0.03),
        (500.0, 48.0, 0.5),
        (500.0, 66.0, 0.6),
        (500.0, 400.0, 0.75),
    ],
)
def test_trials_leave_the_time_that_the_best_networks_final_training_takes(
    final_s: float, enough_s: float, final_share: float
) -> None:
    """Half of the budget at most, unless more is needed for enough epochs; 6 s are for closing."""
    selection_end_s = 120 * (1 - final_share)
    trials_end_s = selection_end_s - 2 * 5 * 0.5  # five finalists are trained twice more, 0.5 s each
    spent = Spent()
    termination = AnyTermination(CpuTimeTermination(2.0, spent, FinalFitConfig()), TrialTermination(99))
    termination.final_takes(final_s, enough_s, 0.5)
    spent.seconds = trials_end_s - 1e-9
    assert termination.admits(5)
    assert termination.admits_s(selection_end_s - trials_end_s)
    spent.seconds += 0.1
    assert not termination.admits(5)
    assert not termination.admits_s(selection_end_s - trials_end_s)


@pytest.mark.parametrize(
    ("trial_s", "changes", "selection_s"),
    [
        (1.0, {}, 10.0),
        (2.4, {}, 24.0),
        (4.0, {}, 0.3 * 90.0),  # 40 s would be for one further training of each instead of two
        (4.0, {"candidates": 2}, 16.0),
        (4.0, {"seeds": 1}, 20.0),
        (4.0, {"candidates": 1}, 0.0),
        (11.0, {}, 0.3 * 90.0),
        (12.0, {}, 0.0),  # fewer than eight trials have no finalists
    ],
)
def test_trials_leave_the_time_that_their_finalists_take_up_to_a_share(
    trial_s: float, changes: dict[str, int], selection_s: float
) -> None:
    """Of 120 s, the final training and closing take 30."""
    spent = Spent()
    termination = CpuTimeTermination(2.0, spent, FinalFitConfig(**changes))  # type: ignore[arg-type]
    termination.final_takes(24.0, 8.0, trial_s)
    spent.seconds = 90.0 - selection_s - 1e-9
    assert termination.admits(5)
    assert termination.admits_s(selection_s)
    spent.seconds += 0.1
    assert not termination.admits(5)
    assert not termination.admits_s(selection_s)


def test_a_configured_share_is_kept_whatever_the_final_training_takes() -> None:
    spent = Spent()
    termination = CpuTimeTermination(2.0, spent, FinalFitConfig(share=0.5))
    termination.final_takes(500.0, 500.0, 1.0)
    spent.seconds = 60.0
    assert termination.admits(5)
    assert termination.admits_s(0.3 * 60)
    assert not termination.admits_s(0.3 * 60 + 0.1)


@pytest.mark.parametrize(("trials", "expected"), [(4, 4), (100, 9)])
def test_of_two_limits_the_first_to_be_met_ends_the_run(tmp_path: Path, trials: int, expected: int) -> None:
    spent = Spent()
    termination = AnyTermination(
        TrialTermination(trials), CpuTimeTermination(2.0, spent, FinalFitConfig(share=0.25))
    )
    with Store.create(tmp_path / "run", {}) as store:
        assert len(make_loop(store, evaluate=spent.evaluate, termination=termination).run()) == expected
        stored = [record.details[RUN_CPU_S] for record in store.records()]
        assert stored == sorted(stored)  # type: ignore[type-var]
        assert cpu_before(store) == stored[-1]


def test_the_configuration_makes_the_effort() -> None:
    config = parse_config({"budget": {"cpu_minutes": 3}})
    termination = make_termination(config, lambda: 0.0, spent_cpu_s=lambda: 60.0)
    assert termination.left() == "2.0 CPU-min"
    both = parse_config({"budget": {"cpu_minutes": 3, "trials": 7}})
    assert make_termination(both, lambda: 0.0, spent_cpu_s=lambda: 60.0).left() == "7 trials, 2.0 CPU-min"
    with pytest.raises(ConfigError, match="give at least one of trials, minutes and cpu_minutes"):
        parse_config({"budget": {}})
