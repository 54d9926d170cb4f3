"""The loop: ask, gate, evaluate, store, tell.

A fixed window makes a run repeatable with several workers: trial n is proposed when exactly the results of
trials up to n - workers have been reported, in number order, regardless of the order in which they ended. A
run is therefore a function of its seed and outcomes. Resuming is the same loop with stored outcomes instead
of evaluations; no other state is restored.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from micronas.search.affordable import SearchOrNot
from micronas.search.boards import BoardGates, BoardsFailureLimit
from micronas.search.executor import Executor
from micronas.search.failure_limit import FailureLimit
from micronas.search.final_cost import EPOCH_CPU_S, final_cpu_s
from micronas.search.inheritance import Donors
from micronas.search.machine_speed import MachineSpeed
from micronas.search.machine_stop import stopped_by
from micronas.search.observer import Observer
from micronas.search.one_network import is_alone, is_over, trained_alone, waits_for_first
from micronas.search.past import RUN_CPU_S, Past, TrialHistory
from micronas.search.predicted_latency.gate import LatencyGate
from micronas.search.proposals import Proposals
from micronas.search.task import TrialResult, TrialTask
from micronas.search.termination import Termination
from micronas.search.termination.reserve import ENOUGH_EPOCHS
from micronas.search.trial_start import Pending, TrialStart
from micronas.space import Arch, Space
from micronas.store import Record, Store
from micronas.strategy import Strategy
from micronas.trial import Json, Outcome, Trial, number_of


class Loop:
    """One search from the first trial to the last; see the module."""

    def __init__(
        self,
        *,
        space: Space,
        strategy: Strategy,
        proposals: Proposals,
        first: tuple[Arch, ...],
        executor: Executor,
        store: Store,
        termination: Termination,
        workers: int,
        max_equal_failures: int,
        observer: Observer,
        cpu_s: Callable[[], float] = time.process_time,
        stop_without_board: bool = False,
        latency_gate: LatencyGate | None = None,
        final_epochs: int = 0,
        donors: Donors | None = None,
        sends: TrialHistory = TrialHistory.ALL,
        boards: BoardGates | None = None,
        tell: Callable[[Record], object] | None = None,
        search: SearchOrNot | None = None,
        speed: MachineSpeed | None = None,
    ) -> None:
        """``first`` are evaluated before the strategy is asked; ``cpu_s`` returns the run's CPU seconds so
        far.

        ``stop_without_board`` ends the search at the first trial that fails because of the device.
        ``latency_gate`` is set if latencies are predicted and limited. The budget keeps time for a final
        training of ``final_epochs`` of the best trial. ``donors`` is set if candidates inherit weights.
        ``sends`` is what a task tells its worker of earlier trials. ``boards`` is set in a search for
        several; it is then also the gate of ``proposals``. ``tell`` reports a trial with its details, in
        place of the strategy's own verb. ``search`` decides whether the first trial is a final training,
        after which the search ends unless it failed (``one_network``). ``speed`` is set if the time of an
        epoch limits what a trial is planned to train.
        """
        self._space, self._proposals, self._executor, self._store = space, proposals, executor, store
        self._termination, self._observer, self._workers, self._cpu_s = termination, observer, workers, cpu_s
        self._boards, self._tell_strategy = boards, tell or (lambda record: strategy.tell(record.trial))
        self._limit = _failure_limit(max_equal_failures, stop_without_board, boards)
        self._replayed = frozenset(store.numbers())
        self._finished: dict[int, Record] = {}
        """Trials that have ended and wait until it is their turn to be reported."""
        self._pending: dict[int, Pending] = {}
        self._past, self._final_epochs = Past(sends), final_epochs
        self._best: Trial | None = None
        self._donors, self._search, self._speed = donors, search, speed
        self._start = TrialStart(
            space=space,
            strategy=strategy,
            proposals=proposals,
            first=first,
            past=self._past,
            store=store,
            termination=termination,
            observer=observer,
            workers=workers,
            latency_gate=latency_gate,
            donors=donors,
            boards=boards,
            search=search,
            speed=speed,
        )

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
        self._tell_strategy(record)
        self._plan_final(record.trial, number_of(record.details.get(EPOCH_CPU_S)))
        if self._donors is not None:
            self._donors.add(record.trial)
        if self._speed is not None:
            self._speed.add(record)
        replayed = record.trial.number in self._replayed
        if self._search and not self._search.surely_one and is_alone(record) and not replayed:
            self._observer.phase(trained_alone([record], self._search))
        self._observer.trial(record, replayed, self._past.feasible_share, self._termination.left())
        if not replayed:
            self._limit(record)

    def _plan_final(self, trial: Trial, epoch_cpu_s: float | None) -> None:
        """Keep time for the final training of the best trial so far, and remember its reward."""
        if trial.scores is not None:
            self._proposals.best = max(self._proposals.best, trial.scores.reward)
        if trial.scores is None or (self._best is not None and self._best.rank <= trial.rank):
            return
        self._best = trial
        if self._final_epochs:
            enough = min(self._final_epochs, ENOUGH_EPOCHS)
            all_s, enough_s = (
                final_cpu_s(trial.scores, epochs, epoch_cpu_s) for epochs in (self._final_epochs, enough)
            )
            self._termination.final_takes(all_s, enough_s, trial.scores.train_cpu_s)


def _failure_limit(
    limit: int, stop_without_board: bool, boards: BoardGates | None
) -> Callable[[Record], object]:
    """What raises ``SearchError`` for a trial that is one failure too many."""
    if boards is not None:
        return BoardsFailureLimit(tuple(boards.gates), limit, stop_without_board).add
    streak = FailureLimit(limit, stop_without_board)
    return lambda record: streak.add(record.trial)
