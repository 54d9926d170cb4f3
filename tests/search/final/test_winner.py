"""The end of a search: who is trained properly, and what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.errors import SearchError
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.final.winner import choose, ranking
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Record, Store
from micronas.trial import Outcome, Source, Trial
from tests.support.search_fakes import ToySpace, toy_scores

SPACE = ToySpace()


def record(number: int, digit: int, **details: int) -> Record:
    genes = [digit] * 6
    trial = Trial(number, genes, f"k{digit}", Outcome.COMPLETE, toy_scores(genes))  # type: ignore[arg-type]
    return Record(trial, dict(details), tflite=bytes(genes))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", {}) as store:
        yield store


def final(change: float, outcome: Outcome = Outcome.COMPLETE) -> Callable[[TrialTask], TrialResult]:
    """A final training that changes the reward of its trial by ``change``."""

    def evaluate(task: TrialTask) -> TrialResult:
        assert task.final
        scores = toy_scores(list(task.arch))  # type: ignore[arg-type]
        return TrialResult(outcome, replace(scores, reward=scores.reward + change), tflite=b"final")

    return evaluate


def chosen(store: Store, evaluate: Callable[[TrialTask], TrialResult], finalists: int = 2):
    records = [record(0, 1), record(1, 3), record(2, 2), record(3, 3, repeats_trial=1)]
    return choose(records, finalists, InlineExecutor(evaluate), 1, store, TrialTermination(4))


def test_trials_rank_by_reward_and_repeats_do_not_rank_twice() -> None:
    failed = Record(Trial(5, [], "k", Outcome.FAILED), {})
    records = [record(0, 1), record(1, 3), failed, record(2, 3, repeats_trial=1), record(3, 2)]
    assert [r.trial.number for r in ranking(records)] == [1, 3, 0]


def test_the_best_are_trained_properly_and_the_best_of_them_wins(store: Store) -> None:
    tasks: list[int] = []

    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task.number)
        return final(0.2 if task.number == 2 else 0.0)(task)

    winner = chosen(store, evaluate)
    assert tasks == [1, 2]
    assert (winner.number, winner.final_fit, winner.tflite) == (2, True, b"final")


def test_a_final_training_may_take_ten_times_what_its_trial_says(store: Store) -> None:
    tasks: list[TrialTask] = []

    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        return final(0.0)(task)

    slow = record(0, 1)
    assert slow.trial.scores is not None
    scores = replace(slow.trial.scores, epochs=4, train_cpu_s=6.0)  # 1.5 s an epoch
    records = [replace(slow, trial=replace(slow.trial, scores=scores))]
    choose(records, 1, InlineExecutor(evaluate), 1, store, TrialTermination(4), epochs=100)
    choose([record(1, 1)], 1, InlineExecutor(evaluate), 1, store, TrialTermination(4), epochs=100)
    assert [task.hang_timeout_s for task in tasks] == [1500.0, 0.0]  # the second took no time to speak of
    assert [task.deadline_s for task in tasks] == [None, None]


def test_the_finally_trained_network_is_reported_even_if_its_trial_was_luckier(store: Store) -> None:
    winner = chosen(store, final(-0.2), finalists=1)
    assert (winner.number, winner.final_fit, winner.tflite, winner.note) == (1, True, b"final", "")


def test_whole_final_trainings_go_before_a_trial_whose_final_training_failed(store: Store) -> None:
    said: list[str] = []

    def evaluate(task: TrialTask) -> TrialResult:
        if task.number == 1:
            return TrialResult(Outcome.FAILED, stage="worker", reason="exceeded its deadline and was stopped")
        return final(-0.05)(task)

    records = [record(0, 1), record(1, 3), record(2, 2)]
    winner = choose(records, 3, InlineExecutor(evaluate), 1, store, TrialTermination(4), said.append)
    assert (winner.number, winner.final_fit) == (2, True)
    assert said == [
        "trial 1: the final training failed: exceeded its deadline and was stopped; "
        "the trial's network is reported"
    ]


@pytest.mark.parametrize(("change", "final_fit"), [(0.01, True), (-0.01, False)])
def test_a_cut_final_training_is_reported_only_if_it_is_better_and_both_are_said(
    store: Store, change: float, final_fit: bool
) -> None:
    def cut(task: TrialTask) -> TrialResult:
        scores = toy_scores(list(task.arch))  # type: ignore[arg-type]
        short = replace(scores, quality_int8=scores.quality_int8 + change, cut="cut to 3 of 60 epochs")
        return TrialResult(Outcome.COMPLETE, short, tflite=b"final")

    winner = chosen(store, cut, finalists=1)
    assert winner.final_fit is final_fit
    whose = "its" if final_fit else "the trial's"
    assert winner.note.startswith(
        f"the final training was cut to 3 of 60 epochs; {whose} network is reported"
    )
    assert f"({87.5 + 100 * change:.1f} % after the cut, 87.5 % in the trial)" in winner.note


def test_a_final_training_that_misses_a_constraint_says_so_beside_the_figure(store: Store) -> None:
    def slow(task: TrialTask) -> TrialResult:
        return TrialResult(
            Outcome.INFEASIBLE, stage="latency", reason="9 ms, 1 ms over constraints.latency_ms"
        )

    winner = chosen(store, slow, finalists=1)
    assert not winner.final_fit
    assert winner.note.startswith("the final training missed a constraint: 9 ms, 1 ms over")


def test_a_cut_trial_never_ranks_before_a_whole_one() -> None:
    best = record(1, 4)
    assert best.trial.scores is not None
    cut = replace(best.trial, scores=replace(best.trial.scores, cut="cut after 3 of 8 epochs by the clock"))
    records = [record(0, 1), replace(best, trial=cut), record(2, 2)]
    assert [r.trial.number for r in ranking(records)] == [2, 0, 1]


def test_a_failed_final_training_leaves_what_there_was(store: Store) -> None:
    assert not chosen(store, final(0.1, Outcome.FAILED)).final_fit


def predicted(number: int, digit: int) -> Record:
    """A trial whose latency was predicted, and never measured."""
    found = record(number, digit)
    assert found.trial.scores is not None
    assert found.trial.scores.latency is not None
    latency = replace(found.trial.scores.latency, source=Source.PREDICTED)
    return replace(found, trial=replace(found.trial, scores=replace(found.trial.scores, latency=latency)))


@pytest.mark.parametrize(
    ("outcome", "stays"),
    [(Outcome.INFEASIBLE, False), (Outcome.FAILED, True), (Outcome.COMPLETE, True)],
)
def test_a_network_predicted_to_be_fast_goes_only_if_it_is_measured_to_be_slow(
    store: Store, outcome: Outcome, stays: bool
) -> None:
    records = [predicted(0, 4), record(1, 1)]
    winner = choose(records, 2, InlineExecutor(final(0.0, outcome)), 1, store, TrialTermination(4))
    assert winner.number == (0 if stays else 1)


def test_a_search_whose_finalists_are_all_too_slow_says_so(store: Store) -> None:
    too_slow = InlineExecutor(final(0.0, Outcome.INFEASIBLE))
    with pytest.raises(SearchError, match="when measured"):
        choose([predicted(0, 4), predicted(1, 1)], 2, too_slow, 1, store, TrialTermination(4))


@pytest.mark.parametrize(
    ("finalists", "workers", "rounds"), [(1, 1, 1), (3, 1, 3), (3, 2, 2), (4, 2, 2), (2, 4, 1)]
)
def test_finalists_share_the_time_that_is_left_by_rounds_of_workers(
    store: Store, finalists: int, workers: int, rounds: int
) -> None:
    asked: list[int] = []

    class Watched(TrialTermination):
        def final_fit_s(self, rounds: int) -> float | None:
            asked.append(rounds)
            return super().final_fit_s(rounds)

    records = [record(number, 1 + number % 4) for number in range(4)]
    choose(records, finalists, InlineExecutor(final(0.0)), workers, store, Watched(4))
    assert asked == [rounds]


def test_a_search_without_a_usable_network_says_so(store: Store) -> None:
    with pytest.raises(SearchError, match="no trial ended with a usable network"):
        choose([], 1, InlineExecutor(final(0)), 1, store, TrialTermination(1))
    broken = Record(Trial(0, [1], "k", Outcome.FAILED, stage="train", reason="the loss is NaN"), {})
    with pytest.raises(
        SearchError, match="nothing to report; the last one's reason: the loss is NaN"
    ) as refusal:
        choose([broken], 1, InlineExecutor(final(0)), 1, store, TrialTermination(1))
    assert f"micronas search --resume {store.folder} --trials 2" in str(refusal.value.remedy)
