"""Finalists: trained again with other seeds, compared with intervals; equal ones give way to the cheapest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from micronas.config import FinalFitConfig, RewardConfig, parse_config
from micronas.data import DataKind, Dataset, DataSplit, FrontEnd, SealedTest
from micronas.search import prepare
from micronas.search.boards.winners import _select
from micronas.search.evaluation.task import LOSS, QUALITY, TrialResult, TrialTask
from micronas.search.evaluation.training import _split_for, trial_seed
from micronas.search.final.cost import final_cpu_s
from micronas.search.final.finalists import Selection, candidates_of, select
from micronas.search.final.order import Finalist, Held, in_order, interval
from micronas.search.termination import CpuTimeTermination, TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Record
from micronas.trial import Outcome, Trial
from tests.support.search_fakes import toy_scores

REWARDS = RewardConfig()


def record(
    number: int, quality: float, *, macs: int = 100, origin: str = "strategy", cut: str = ""
) -> Record:
    genes = [number % 5] * 6
    scores = replace(toy_scores(genes), reward=quality, macs=macs, latency=None, train_cpu_s=3.0, cut=cut)
    return Record(Trial(number, list(genes), f"k{number}", Outcome.COMPLETE, scores, origin=origin), {})


def ranked(count: int) -> list[Record]:
    """Best first; the last one is the best baseline network."""
    trials = [record(n, 0.9 - 0.01 * n, macs=1000 - n) for n in range(count - 1)]
    return [*trials, record(count - 1, 0.5, macs=10, origin="baseline")]


def trained(quality: Callable[[TrialTask], float], tasks: list[TrialTask]) -> InlineExecutor:
    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        return TrialResult(Outcome.COMPLETE, details={QUALITY: quality(task)})

    return InlineExecutor(evaluate)


def selection(records: list[Record], quality: Callable[[TrialTask], float], **keys: int) -> Selection:
    config = FinalFitConfig(**keys)
    return select(records, config, REWARDS, Held(400), trained(quality, []), TrialTermination(9))


def test_a_search_orders_its_trials_by_such_trainings() -> None:
    config = {
        "board": "nucleo_f446re",
        "device": "none",
        "data": {"name": "digits"},
        "budget": {"trials": 20},
    }
    setup, tasks, said = prepare(parse_config(config)), list[TrialTask](), list[str]()
    executor = trained(lambda task: 0.9 if task.number == 2 else 0.6 - task.number / 100, tasks)
    found = _select(setup, ranked(20), executor, TrialTermination(20), said.append, setup.board.name)
    assert found.records[0].trial.number == 2
    assert found.text.startswith("finalists trained 2 more times, mean on validation data: trial 2 90.0 %")
    assert said[-1] == found.text
    assert len(tasks) == 10


def test_a_further_training_holds_out_other_groups_and_a_first_one_does_not() -> None:
    numbers = np.repeat(np.arange(10), 6)
    whole = DataSplit(np.zeros((60, 1, 1, 1), np.float32), np.arange(60) % 3, numbers)
    parts = whole.taken(np.flatnonzero(numbers < 8)), whole.taken(np.flatnonzero(numbers >= 8))
    grouped = Dataset(
        "toy", DataKind.STREAM, *parts, SealedTest(parts[1]), ("a", "b", "c"), (0.0, 1.0), FrontEnd("none", 1)
    )
    task = TrialTask(0, [], "k")
    assert _split_for(task, grouped) is grouped
    held = [_split_for(replace(task, repeat=repeat), grouped).validation.groups for repeat in (1, 2)]
    assert not {*held[0]} & {*held[1]} | {8, 9} & {*held[0], *held[1]}
    nameless = replace(grouped, train=replace(parts[0], groups=None))
    assert _split_for(replace(task, repeat=1), nameless) is nameless


def test_the_baseline_is_always_a_finalist_and_few_trials_have_none() -> None:
    assert [r.trial.number for r in candidates_of(ranked(20), 5)] == [0, 1, 2, 3, 19]
    assert [r.trial.number for r in candidates_of(ranked(12), 5)] == [0, 1, 11]
    assert len(candidates_of(ranked(7), 5)) < 2
    assert candidates_of([record(9, 1.0, cut="cut after 3 epochs"), *ranked(20)], 5)[0].trial.number == 0


def test_each_is_trained_with_seeds_of_its_own_and_the_mean_decides() -> None:
    tasks: list[TrialTask] = []
    means = {0: 0.70, 1: 0.90, 2: 0.75, 3: 0.72, 19: 0.60}
    executor = trained(lambda task: means[task.number] + 0.001 * task.repeat, tasks)
    found = select(ranked(20), FinalFitConfig(), REWARDS, Held(400), executor, TrialTermination(20))
    assert [r.trial.number for r in found.records[:5]] == [1, 2, 3, 0, 19]
    assert len(found.records) == 20
    assert sorted((t.number, t.repeat) for t in tasks) == [(n, r) for n in sorted(means) for r in (1, 2)]
    seeds = {trial_seed(0, n, r) for n in range(20) for r in range(3)}
    assert len(seeds) == 60
    assert trial_seed(3, 4) == trial_seed(3, 4, 0)


def test_finalists_that_cannot_be_told_apart_give_way_to_the_cheapest_and_that_is_said() -> None:
    noise = {1: 0.02, 2: -0.02}
    means = {0: 0.81, 1: 0.80, 2: 0.70, 3: 0.70, 19: 0.69}
    found = selection(ranked(20), lambda task: means[task.number] + noise[task.repeat])
    assert found.records[0].trial.number == 1  # 999 multiplications against 1,000
    assert "trials 0, 1 cannot be distinguished, so the cheapest of them, 1, is taken" in found.text
    assert "trial 19 (baseline) 69.0 %" in found.text


def test_the_interval_holds_the_mean_of_the_trainings_as_often_as_it_says() -> None:
    """Against a simulation: seeds and the split vary the measured mean about the true quality."""
    rng, true, seed_sd, samples, times = np.random.default_rng(0), 0.8, 0.02, 500, 3
    held = 0
    for _ in range(400):
        split = rng.normal(0, math.sqrt(true * (1 - true) / samples))
        qualities = tuple(float(q) for q in true + split + rng.normal(0, seed_sd, times))
        low, high = interval(Finalist(record(0, 0.0), qualities), seed_sd, Held(samples))
        held += low <= true <= high
    assert 0.92 < held / 400 < 0.98


def test_a_search_none_of_whose_finalists_can_be_trained_again_keeps_its_order() -> None:
    rounds: list[int] = []

    def failed(task: TrialTask) -> TrialResult:
        rounds.append(task.repeat)
        return TrialResult(Outcome.FAILED, stage="train", reason="not finite")

    records = ranked(20)
    found = select(records, FinalFitConfig(), REWARDS, Held(400), InlineExecutor(failed), TrialTermination(9))
    assert found.records == tuple(records)
    assert set(rounds) == {1}


def test_a_finalist_whose_training_failed_is_left_out() -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        if task.number == 0:
            return TrialResult(Outcome.FAILED, reason="NaN")
        return TrialResult(Outcome.COMPLETE, details={QUALITY: 0.5})

    found = select(
        ranked(20), FinalFitConfig(), REWARDS, Held(9), InlineExecutor(evaluate), TrialTermination(20)
    )
    assert found.records[0].trial.number == 19
    assert "trial 0 " not in found.text


def test_without_time_the_order_stays_and_a_budget_of_cpu_keeps_some() -> None:
    said: list[str] = []
    late = CpuTimeTermination(1.0, lambda: 59.0, FinalFitConfig())
    found = select(
        ranked(20), FinalFitConfig(), REWARDS, Held(9), trained(lambda t: 0.5, []), late, said.append
    )
    assert found == Selection(tuple(ranked(20)))
    assert said == ["there was no time to train the best trials again, so one training of each decides"]
    spent = iter([0.0, 34.0, 34.0])
    early = CpuTimeTermination(1.0, lambda: next(spent), FinalFitConfig())
    assert not early.admits(9)  # trials end at 0.8 * (60 - 0.3 * 60) = 33.6 s
    assert early.admits_s(5.0)


def test_on_a_split_where_all_are_right_the_loss_decides_and_that_is_said() -> None:
    """Trials 0 and 1 answer everything; 1 is surer of it in every round, and the dearer one."""
    loss = {0: 0.12, 1: 0.10, 2: 0.30, 3: 0.30, 19: 0.1005}
    hard = {1: 0.0, 2: 0.2}

    def evaluate(task: TrialTask) -> TrialResult:
        right = 1.0 if task.number in (0, 1) else 0.6 + 0.01 * task.repeat
        figures = {QUALITY: right, LOSS: loss[task.number] + hard[task.repeat]}
        return TrialResult(Outcome.COMPLETE, details=dict(figures))

    held = Held(400, grouped=True)
    executor = InlineExecutor(evaluate)
    records = [record(0, 0.9, macs=10), record(1, 0.89, macs=99), *ranked(20)[2:]]
    found = select(records, FinalFitConfig(), REWARDS, held, executor, TrialTermination(9))
    assert [r.trial.number for r in found.records[:2]] == [1, 0]
    assert "of those that this does not distinguish, trial 1 has the lowest validation loss" in found.text


def test_losses_that_are_not_known_do_not_count() -> None:
    pair = [
        Finalist(record(n, 0.9, macs=10 - n), (0.9, 0.9), losses) for n, losses in ((0, ()), (1, (0.1, 0.1)))
    ]
    _, equal = in_order(pair, REWARDS)
    assert [f.number for f in equal] == [1, 0]


def test_one_candidate_means_none_is_trained_again() -> None:
    assert selection(ranked(20), lambda task: 1 / 0, candidates=1) == Selection(tuple(ranked(20)))


def test_order_is_by_the_reward_at_each_ones_latency() -> None:
    finalists = [Finalist(record(0, 0.9), (0.9, 0.9)), Finalist(record(1, 0.9), (0.8, 0.8))]
    ordered, equal = in_order(finalists, REWARDS)
    assert [f.number for f in ordered] == [0, 1]
    assert equal == finalists[:1]


def test_a_final_training_costs_its_epochs_at_the_speed_of_the_trial() -> None:
    """Eight epochs in 8.8 s, of which 0.8 s are for starting: a second each, and four to close."""
    scores = record(0, 0.5).trial.scores
    assert scores is not None
    assert final_cpu_s(replace(scores, epochs=8, train_cpu_s=8.8), 60) == pytest.approx(64.0)
    assert final_cpu_s(replace(scores, epochs=0, train_cpu_s=0.0), 60) == pytest.approx(4.0)
    assert final_cpu_s(replace(scores, epochs=8, train_cpu_s=8.8), 60, 0.5) == pytest.approx(34.0)


def test_rounds_that_hold_out_other_groups_are_compared_within_each() -> None:
    """Round 2 has hard speakers: all lose 20 points, and the difference of the networks is still seen."""
    drop, better = {1: 0.0, 2: 0.2}, {0: 0.02, 1: 0.0, 2: 0.001, 3: 0.0, 19: 0.0}

    def quality(task: TrialTask) -> float:
        return 0.9 - drop[task.repeat] + better[task.number]

    tasks: list[TrialTask] = []
    held = Held(400, grouped=True)
    found = select(ranked(20), FinalFitConfig(), REWARDS, held, trained(quality, tasks), TrialTermination(9))
    assert found.records[0].trial.number == 0
    assert "cannot be distinguished" not in found.text
    assert "mean on other validation groups each time: trial 0 82.0 %" in found.text
    alike = select(
        ranked(20), FinalFitConfig(), REWARDS, Held(400), trained(quality, tasks), TrialTermination(9)
    )
    assert "cannot be distinguished" in alike.text
    low, high = interval(Finalist(record(0, 0.0), (0.9, 0.7)), 0.0, held)
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / 800), rel=0.01)


def test_one_round_does_not_distinguish_networks_that_differ_by_one_sample() -> None:
    means = {0: 1.0, 1: 419 / 420, 2: 0.95, 3: 0.9, 19: 0.9}
    config = FinalFitConfig(seeds=1)
    executor = trained(lambda task: means[task.number], [])
    found = select(ranked(20), config, REWARDS, Held(420, grouped=True), executor, TrialTermination(9))
    assert found.records[0].trial.number == 1  # 999 multiplications against 1,000
    assert "trials 0, 1 cannot be distinguished" in found.text
    low, high = interval(Finalist(record(0, 0.0), (1.0,)), 0.0, Held(420))
    assert low < 1.0 == high
