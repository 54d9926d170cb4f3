"""The loop: ask, gate, evaluate, store, tell.

A fixed window makes a run repeatable with several workers: trial n is proposed when exactly the results of
trials up to n - workers have been reported, in number order, regardless of the order in which they ended. A
run is therefore a function of its seed and outcomes. Resuming is the same loop with stored outcomes instead
of evaluations; no other state is restored.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from micronas.search.boards.in_turn import BoardGates, BoardsFailureLimit
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.failure_limit import FailureLimit
from micronas.search.machine_stop import stopped_by
from micronas.search.one_network import is_alone, is_over, trained_alone, waits_for_first
from micronas.search.parts import SearchParts
from micronas.search.past import RUN_CPU_S
from micronas.search.trial_start import Pending, TrialStart
from micronas.search.workers.executor import Executor
from micronas.store import Record
from micronas.strategy import Strategy
from micronas.trial import Json, Outcome, Trial

Learn: TypeAlias = Callable[[Record], object]
"""Observes a reported trial; trials come in number order."""


class Loop:
    """One search from the first trial to the last; see the module."""

    def __init__(
        self,
        parts: SearchParts,
        start: TrialStart,
        executor: Executor,
        *,
        learners: Sequence[Learn],
        limit: Learn,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        """``learners`` observe every trial, the strategy first; ``limit`` observes new ones and raises
        ``SearchError`` for one failure too many. ``cpu_s`` returns the run's CPU seconds so far.
        """
        self._start, self._executor, self._cpu_s = start, executor, cpu_s
        self._space, self._proposals, self._store = parts.space, parts.proposals, parts.store
        self._termination, self._observer, self._workers = parts.termination, parts.observer, parts.workers
        self._past, self._boards, self._search = parts.past, parts.boards, parts.search
        self._learners, self._limit = learners, limit
        self._replayed = frozenset(parts.store.numbers())
        self._finished: dict[int, Record] = {}
        """Trials that have ended and wait until it is their turn to be reported."""
        self._pending: dict[int, Pending] = {}

    def run(self) -> list[Record]:
        """Every reported trial in number order; raises ``SearchError`` after too many equal failures."""
        number = 0
        for number in itertools.count():
            self._tell_until(number - self._workers + 1, None)
            if number not in self._replayed and not self._admits(number):
                break
            self._begin(number)
        self._tell_until(number, self._termination.drain_s())
        return self._past.records

    def _admits(self, number: int) -> bool:
        """Whether the trial may start; with time for one network, only if the first trial has none."""
        if self._search is not None and number > 0:
            if waits_for_first(self._search):
                self._tell_until(1, None)
            first = self._past.records[:1]
            if first and is_over(self._search, first[0], replayed=0 in self._replayed):
                return False
        return self._termination.admits(number)

    def _begin(self, number: int) -> None:
        if number in self._replayed:
            self._start.recall(self._store.record(number))
            return
        pending = self._start.proposed(number)
        self._pending[number] = pending
        begun = self._start.begun(number, pending)
        if isinstance(begun, TrialTask):
            self._executor.submit(begun)
        else:
            self._finish(number, begun)

    def _finish(self, number: int, result: TrialResult) -> None:
        """Store a result as soon as it arrives; it is reported to the strategy in number order.

        A fault of the machine ends the search and is not stored, so that a resumed run repeats the trial.
        """
        if result.fault is not None:
            raise stopped_by(result.fault, f"trial {number}")
        pending = self._pending.pop(number)
        if self._boards is not None:
            result = self._boards.on_all(pending.arch, result)
        trial = Trial(
            number=number,
            arch=self._space.to_json(pending.arch),
            key=pending.key,
            outcome=result.outcome,
            scores=result.scores,
            reason=result.reason,
            stage=result.stage,
            origin=pending.origin,
        )
        details: dict[str, Json] = {**result.details, **pending.details, RUN_CPU_S: self._cpu_s()}
        record = Record(trial, details, pending.rejected, self._store.wall_s(), result.tflite, result.weights)
        self._store.add(record)
        self._finished[number] = record
        if result.outcome is not Outcome.INFEASIBLE or result.tflite is not None:
            self._termination.took(time.monotonic() - pending.started_s)

    def _tell_until(self, end: int, patience_s: float | None) -> None:
        """Report trials below ``end`` in order; wait for running ones for at most ``patience_s``."""
        give_up_at = None if patience_s is None else time.monotonic() + patience_s
        while (number := len(self._past.records)) < end:
            if (record := self._next(number)) is not None:
                self._tell(record)
                continue
            timeout_s = None if give_up_at is None else max(0.0, give_up_at - time.monotonic())
            finished = self._executor.next_finished(timeout_s)
            if finished is None:
                return
            self._finish(*finished)

    def _next(self, number: int) -> Record | None:
        if number in self._replayed:
            return self._store.record(number)
        return self._finished.pop(number, None)

    def _tell(self, record: Record) -> None:
        self._past.add(record)
        if record.trial.scores is not None:
            self._proposals.best = max(self._proposals.best, record.trial.scores.reward)
        for learn in self._learners:
            learn(record)
        replayed = record.trial.number in self._replayed
        if self._search and not self._search.surely_one and is_alone(record) and not replayed:
            self._observer.phase(trained_alone([record], self._search))
        self._observer.trial(record, replayed, self._past.feasible_share, self._termination.left())
        if not replayed:
            self._limit(record)


def trials_to(strategy: Strategy) -> Learn:
    """Reports each trial to ``strategy``, without its details."""
    return lambda record: strategy.tell(record.trial)


def failure_limit(limit: int, *, stop_without_board: bool = False, boards: BoardGates | None = None) -> Learn:
    """What raises ``SearchError`` after ``limit`` equal failures in a row.

    ``stop_without_board``: also at the first trial that fails because of the device. In a search for several
    ``boards``, each has its own limit.
    """
    if boards is not None:
        return BoardsFailureLimit(tuple(boards.gates), limit, stop_without_board).add
    streak = FailureLimit(limit, stop_without_board)
    return lambda record: streak.add(record.trial)
