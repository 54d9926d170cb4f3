"""What counts as wasted: CPU time of trained networks that cannot be reported, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.compare.history import History, ProgressPoint
from micronas.compare.results import RunResult, make_results
from micronas.memory.ledger import Budget
from tests.support.compare_fakes import toy_plan
from tests.support.search_fakes import toy_scores

REFUSED = ProgressPoint(0, 0.0, 0.0, None, trained=False, to_the_end=False, refused=1, repeated=False)
FAILED = replace(REFUSED, trained=True, refused=0)
DONE = replace(FAILED, scores=toy_scores([1] * 6), to_the_end=True)


def result_of(*steps: ProgressPoint) -> RunResult:
    plan = toy_plan()
    run = next(run for run in plan.runs() if run.entry.name == "random")
    history = History(run, steps, None, Budget(4096, 1024), majority_baseline=0.25, failure="cut short")
    (row,) = make_results(plan, [history]).rows
    (result,) = row.runs
    return result


def at(step: ProgressPoint, number: int, cpu_s: float) -> ProgressPoint:
    return replace(step, number=number, wall_s=cpu_s, cpu_s=cpu_s)


def test_time_counts_for_the_trial_that_it_ended_with() -> None:
    """10 s for a network, 30 s for a failure, 5 s in which one was refused, 55 s for another network."""
    result = result_of(at(DONE, 0, 10.0), at(FAILED, 1, 40.0), at(REFUSED, 2, 45.0), at(DONE, 3, 100.0))
    assert result.wasted_cpu_share == pytest.approx(0.30)
    assert (result.trained, result.complete, result.wasted, result.refused) == (3, 2, 1, 1)
    assert result.networks_per_cpu_minute == pytest.approx(2 / (100 / 60))


def test_trials_are_taken_in_the_order_in_which_they_ended() -> None:
    """With two workers trial 1 may end before trial 0."""
    result = result_of(at(FAILED, 0, 100.0), at(DONE, 1, 40.0))
    assert result.wasted_cpu_share == pytest.approx(0.60)


def test_a_search_that_trained_nothing_wasted_nothing() -> None:
    result = result_of(at(REFUSED, 0, 5.0), at(REFUSED, 1, 9.0))
    assert (result.wasted, result.wasted_cpu_share, result.networks_per_cpu_minute) == (0, 0.0, 0.0)
    assert result.best_reward is None
    assert result.hypervolume == 0.0
