"""A budget in CPU time: it counts the work of every process, and no long trial overruns it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.config import FinalFitConfig, parse_config
from micronas.errors import ConfigError
from micronas.search.cpu_clock import CpuClock, tree_cpu_s
from micronas.search.past import RUN_CPU_S
from micronas.search.run import cpu_before
from micronas.search.task import TrialResult, TrialTask
from micronas.search.termination import AnyTermination, CpuTimeTermination, TrialTermination, make_termination
from micronas.store import Store
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"


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
    assert termination.final_fit_cpu_s(1) == 120 - 6 - 54
    assert termination.final_fit_cpu_s(3) == (120 - 6 - 54) / 3
    spent.seconds = 130.0
    assert termination.final_fit_cpu_s(1) == 5.0, "a run that is over its budget still has a result"
    assert TrialTermination(3).final_fit_cpu_s(1) is None
    other = CpuTimeTermination(1.0, Spent(), FinalFitConfig())
    assert AnyTermination(TrialTermination(3), other).final_fit_cpu_s(1) == 54.0


@pytest.mark.parametrize(
    ("final_s", "enough_s", "final_share"),
    [(24.0, 8.0, 0.25), (1.0, 1.0, 0.1), (500.0, 48.0, 0.5), (500.0, 66.0, 0.6), (500.0, 400.0, 0.75)],
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
