"""Two halves of a trial on the boards of a pool: leases, repetition on another board, comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pytest

from micronas.errors import MachineError
from micronas.estimate.full import Estimate
from micronas.search.evaluation.task import WORKER_STAGE, TrialResult, TrialTask, failed_machine
from micronas.search.pool.executor import PoolExecutor
from micronas.search.pool.state import BoardPool
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Store
from micronas.store.pool import FAILED_ON, MEASURED_ON, pool_rows
from micronas.trial import Json, Latency, Outcome, Source, latency_to_json
from tests.support.search_fakes import toy_scores
from tests.support.toy_loop import make_loop

Measure = Callable[[TrialTask], TrialResult]


def measured(task: TrialTask, factor: float = 1.0) -> TrialResult:
    scores = toy_scores(list(task.arch))  # type: ignore[arg-type]
    assert scores.latency is not None
    latency = Latency(factor * scores.latency.ms, Source.MEASURED)
    details: dict[str, Json] = {"latency": latency_to_json(latency)}
    return TrialResult(Outcome.COMPLETE, replace(scores, latency=latency), details=details, tflite=b"x")


def failed(stage: str, reason: str = "no reply on its port") -> TrialResult:
    return TrialResult(Outcome.FAILED, stage=stage, reason=reason)


def trained() -> TrialResult:
    return TrialResult(Outcome.COMPLETE, trained=Estimate(b"x", 0.5, 0.5, 1, 0.1, 1, 1))


class Halves(InlineExecutor):
    """Trains in no time and measures by ``measure``; notes the board of each measurement."""

    def __init__(self, measure: Measure) -> None:
        self.on: list[tuple[int, str]] = []

        def evaluate(task: TrialTask) -> TrialResult:
            if task.only_train:
                return trained()
            if task.repeat:
                return TrialResult(Outcome.COMPLETE, details={"quality_int8": 0.5})
            assert task.trained is not None
            self.on.append((task.number, task.pool_board))
            return measure(task)

        super().__init__(evaluate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Bench:
    """A pool executor, what it said, and the state that it kept last."""

    measure: Measure
    boards: tuple[str, ...] = ("a", "b")
    tolerance: float = 0.02
    quarantine_after: int = 2
    said: list[str] = field(default_factory=list)
    kept: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.halves = Halves(self.measure)
        self.executor = PoolExecutor(
            self.halves,  # type: ignore[arg-type]
            BoardPool(self.boards, self.quarantine_after),
            tolerance=self.tolerance,
            say=self.said.append,
            keep=self.kept.update,
        )

    def run(self, *numbers: int) -> dict[int, TrialResult]:
        for number in numbers:
            self.executor.submit(TrialTask(number, [number % 5] * 6, f"k{number}"))
        return dict(filter(None, (self.executor.next_finished(None) for _ in numbers)))


def test_the_first_network_runs_on_every_board_and_later_ones_on_one() -> None:
    bench = Bench(measured, ("a", "b", "c"))
    results = bench.run(0, 1, 2)
    boards = {number: [name for n, name in bench.halves.on if n == number] for number in (0, 1, 2)}
    assert sorted(boards[0]) == ["a", "b", "c"]
    assert (len(boards[1]), len(boards[2])) == (1, 1)
    assert all(result.details[MEASURED_ON] in ("a", "b", "c") for result in results.values())
    assert "on 3 boards of the pool: 1.000 ms, measured, spread 0.0 %" in bench.said[0]


def test_a_board_that_is_slow_is_named_with_both_figures() -> None:
    bench = Bench(lambda task: measured(task, 1.08 if task.pool_board == "b" else 1.0), ("a", "b", "c"))
    results = bench.run(0)
    assert "board b is 8.0 % slower: 1.080 ms, where a needs 1.000 ms (pool.tolerance 2 %)" in bench.said[0]
    comparison: Any = bench.kept["comparison"]
    assert comparison["off"] == ["b"]
    assert comparison["latencies_ms"] == {"a": 1.0, "c": 1.0, "b": 1.08}
    latency = results[0].scores.latency  # type: ignore[union-attr]
    assert latency is not None
    assert latency.ms == 1.0, "the trial has the median board's figures"
    assert results[0].details[MEASURED_ON] == "a"


def test_a_spread_within_the_tolerance_names_no_board() -> None:
    bench = Bench(lambda task: measured(task, 1.08 if task.pool_board == "b" else 1.0), tolerance=0.1)
    bench.run(0)
    assert "spread 8.0 %" in bench.said[0]
    assert "slower" not in bench.said[0]


@pytest.mark.parametrize("stage", ["device", "flash", "parity", WORKER_STAGE])
def test_a_failing_board_is_quarantined_and_its_measurements_are_repeated(stage: str) -> None:
    bench = Bench(lambda task: failed(stage) if task.pool_board == "a" else measured(task))
    results = {number: bench.run(number)[number] for number in range(4)}
    assert [result.outcome for result in results.values()] == [Outcome.COMPLETE] * 4
    assert {result.details[MEASURED_ON] for result in results.values()} == {"b"}
    assert [name for _, name in bench.halves.on].count("a") == 2
    assert results[0].details[FAILED_ON] == [{"board": "a", "reason": "no reply on its port"}]
    quarantine = next(text for text in bench.said if "quarantined" in text)
    assert "board a is quarantined after 2 failures in a row" in quarantine
    boards: Any = bench.kept["boards"]
    assert [(one["board"], one["failures"], bool(one["quarantined"])) for one in boards] == [
        ("a", 2, True),
        ("b", 0, False),
    ]


class Ordered:
    """An executor whose tasks end in the given order: a trial's training, or its measurement on a board."""

    def __init__(self, order: list[tuple[int, str]], failing: set[tuple[int, str]]) -> None:
        self.order, self.failing = order, failing
        self.tasks: dict[tuple[int, str], TrialTask] = {}

    def submit(self, task: TrialTask) -> None:
        self.tasks[task.number, "training" if task.only_train else task.pool_board] = task

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        key = self.order.pop(0)
        task = self.tasks.pop(key)
        if task.only_train:
            return task.number, trained()
        return task.number, failed("device") if key in self.failing else measured(task)


def test_a_trial_ends_when_the_board_that_it_waits_for_is_quarantined() -> None:
    """Trial 1 failed on a and waits for b, where trial 3 is, when trial 2 shows on a that b is defective."""
    ends = [(0, "training"), (0, "a"), (0, "b"), (1, "training"), (2, "training"), (3, "training")]
    ends += [(2, "b"), (1, "a"), (2, "a"), (3, "b")]
    inside = Ordered(ends, failing={(2, "b"), (1, "a")})
    executor = PoolExecutor(inside, BoardPool(("a", "b"), 1), tolerance=0.02)  # type: ignore[arg-type]
    for number in range(4):
        executor.submit(TrialTask(number, [number] * 6, f"k{number}"))
    results = dict(filter(None, (executor.next_finished(None) for _ in range(4))))
    assert executor.pool.usable == ("a",)
    assert {number: result.outcome for number, result in results.items()} == {
        0: Outcome.COMPLETE,
        1: Outcome.FAILED,
        2: Outcome.COMPLETE,
        3: Outcome.COMPLETE,
    }
    assert results[1].details[FAILED_ON] == [{"board": "a", "reason": "no reply on its port"}]


def test_a_network_that_fails_on_all_boards_blames_none() -> None:
    bench = Bench(lambda task: failed("device", f"silent {task.pool_board}"))
    results = bench.run(0, 1, 2, 3)
    assert [result.outcome for result in results.values()] == [Outcome.FAILED] * 4
    assert results[0].reason == "on a: silent a; on b: silent b"
    assert bench.executor.pool.usable == ("a", "b")


def test_a_failure_of_the_network_is_not_repeated() -> None:
    bench = Bench(lambda task: failed("build"), ("a",))
    bench.run(0)
    assert bench.halves.on == [(0, "a")]


def test_trainings_that_are_not_measured_pass() -> None:
    bench = Bench(measured)
    bench.executor.submit(TrialTask(3, [1] * 6, "k", repeat=1))
    assert bench.executor.next_finished(None) == (
        3,
        TrialResult(Outcome.COMPLETE, details={"quality_int8": 0.5}),
    )
    assert bench.halves.on == []


def test_a_fault_of_the_machine_ends_the_lease_and_is_passed_on() -> None:
    bench = Bench(lambda task: failed_machine(MachineError("disk full")))
    assert bench.run(0)[0].fault is not None
    assert all(board.leased_by is None for board in bench.executor.pool.boards.values())


def test_dropped_tasks_free_their_boards() -> None:
    bench = Bench(measured)
    bench.executor.submit(TrialTask(0, [1] * 6, "k"))
    finished = bench.halves.next_finished(None)
    assert finished is not None
    assert bench.executor._trained(*finished) is None
    bench.executor._lease_boards()
    assert bench.executor.pool.boards["a"].leased_by == 0
    bench.executor.drop()
    assert bench.executor.pool.boards["a"].leased_by is None
    assert sorted(bench.run(0, 1)) == [0, 1]


def test_a_search_with_a_pool_has_the_trials_of_any_other(tmp_path: Any) -> None:
    bench = Bench(measured)
    with Store.create(tmp_path / "pool", {}) as store:
        store.begin_session()
        pooled = make_loop(store, executor=bench.executor, workers=3, trials=12).run()
        rows = pool_rows(bench.kept, store.records())
    with Store.create(tmp_path / "plain", {}) as store:
        store.begin_session()
        plain = make_loop(store, evaluate=measured, workers=3, trials=12).run()
    assert [record.trial for record in pooled] == [record.trial for record in plain]
    assert sum(row.trials for row in rows) == len({n for n, _ in bench.halves.on})
    assert {row.board for row in rows} == {"a", "b"}
