"""Trials in two halves: the training runs on any worker, the measurement on a leased board of the pool.

The executor inside runs both. A lease ends when its task does, also if the worker that holds it dies, hangs
or its node is lost: the executor inside then returns a failure. There is no further server or queue.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from micronas.errors import DeviceError, FlashError, ParityError
from micronas.search.evaluation.task import WORKER_STAGE, TrialResult, TrialTask
from micronas.search.pool.comparison import BoardComparison, comparison_of
from micronas.search.pool.state import BoardPool
from micronas.search.workers.executor import Executor
from micronas.store.pool import FAILED_ON, MEASURED_ON
from micronas.trial import Json, Outcome

_SUSPECT = (DeviceError.stage, FlashError.stage, ParityError.stage, WORKER_STAGE)
"""Stages that a defective board can cause: the measurement is repeated on another one."""


class OpenExecutor(Executor, AbstractContextManager["OpenExecutor"], Protocol):
    """An executor that is entered."""


@dataclass
class _Measurement:
    """A trained network that waits for a board or is on one, and what other boards have made of it."""

    task: TrialTask
    compares: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    results: dict[str, TrialResult] = field(default_factory=dict)
    last: tuple[str, TrialResult] | None = None

    @property
    def was_on(self) -> set[str]:
        return {*self.failed, *self.results}


class PoolExecutor:
    """Implements ``executor.Executor`` for a pool; entered, it enters the executor inside."""

    def __init__(
        self,
        inside: OpenExecutor,
        pool: BoardPool,
        *,
        tolerance: float,
        say: Callable[[str], object] = lambda text: None,
        keep: Callable[[dict[str, Json]], object] = lambda fact: None,
    ) -> None:
        """``say`` receives messages for the user, ``keep`` the state of the pool when that changes."""
        self.inside: Executor = inside
        self._entered, self.pool, self._tolerance = inside, pool, tolerance
        self._say, self._keep = say, keep
        self._training: dict[int, TrialTask] = {}
        self._waiting: deque[_Measurement] = deque()
        self._leases: dict[int, tuple[str, _Measurement]] = {}
        self._compares: int | None = None
        self._comparison: BoardComparison | None = None

    def submit(self, task: TrialTask) -> None:
        """Start the training; a repeated training is not measured."""
        if task.repeat:
            self.inside.submit(task)
            return
        self._training[task.number] = task
        self.inside.submit(replace(task, only_train=True))

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """The next trial to end; its details name the board."""
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if (stranded := self._stranded()) is not None:
                return stranded
            self._lease_boards()
            left_s = None if end_s is None else max(0.0, end_s - time.monotonic())
            finished = self.inside.next_finished(left_s)
            if finished is None:
                return None
            number, result = finished
            answer = self._measured(number, result) if number in self._leases else self._trained(*finished)
            if answer is not None:
                return number, answer

    def _stranded(self) -> tuple[int, TrialResult] | None:
        """A trial that waits for another board, when the last that it has not been on is quarantined: it
        ends with what it has.
        """
        for one in self._waiting:
            if one.last is not None and not set(self.pool.usable) - one.was_on:
                self._waiting.remove(one)
                return one.task.number, self._ended(one.task.number, one, *one.last)
        return None

    def _lease_boards(self) -> None:
        for one in list(self._waiting):
            board = self.pool.lease(one.task.number, but=one.was_on)
            if board is not None:
                self._waiting.remove(one)
                self._leases[one.task.number] = board, one
                self.inside.submit(replace(one.task, pool_board=board))

    def _trained(self, number: int, result: TrialResult) -> TrialResult | None:
        """The result if the trial ends with its training; None if its network waits for a board now."""
        task = self._training.pop(number, None)
        if task is None or result.trained is None:
            return result
        compares = self._compares is None and len(self.pool.usable) > 1
        if compares:
            self._compares = number
        self._waiting.append(_Measurement(replace(task, trained=result.trained), compares))
        return None

    def _measured(self, number: int, result: TrialResult) -> TrialResult | None:
        """The result of the trial, or None if another board measures it, too."""
        board, one = self._leases.pop(number)
        self.pool.release(board)
        if result.fault is not None:
            return result
        if result.outcome is Outcome.FAILED and result.stage in _SUSPECT:
            one.failed[board] = result.reason
        else:
            one.results[board] = result
        one.last = board, result
        more = set(self.pool.usable) - one.was_on
        if more and (one.compares or not one.results):
            self._waiting.appendleft(one)
            return None
        return self._ended(number, one, board, result)

    def _ended(self, number: int, one: _Measurement, board: str, last: TrialResult) -> TrialResult:
        """Count what each board did.

        If all boards failed, of several, the network may be the cause, and no board is blamed.
        """
        for name in one.results:
            self.pool.succeeded(name)
        if one.results or len(one.failed) == 1:
            for name, reason in one.failed.items():
                if said := self.pool.failed(name, reason):
                    self._say(said)
        if one.compares:
            self._compare(number, one)
        if one.compares or one.failed:
            self._keep(self.to_json())
        measured_on = _of_reference(one.results, self._comparison) if one.results else board
        result = one.results.get(measured_on) or _failed_on_all(one.failed, last)
        failed: list[Json] = [{"board": name, "reason": reason} for name, reason in one.failed.items()]
        details = {**result.details, MEASURED_ON: measured_on, **({FAILED_ON: failed} if failed else {})}
        return replace(result, details=details)

    def _compare(self, number: int, one: _Measurement) -> None:
        self._comparison = comparison_of(number, one.results, self._tolerance)
        if self._comparison is None:
            self._compares = None  # too few boards measured it: another trial will be compared
        else:
            self._say(str(self._comparison))

    def to_json(self) -> dict[str, Json]:
        """The fact ``pool`` of a run."""
        boards: list[Json] = [
            {
                "board": board.name,
                "failures": board.failures,
                "last_failure": board.last_reason or None,
                "quarantined": board.quarantined or None,
            }
            for board in self.pool.boards.values()
        ]
        comparison = self._comparison.to_json() if self._comparison else None
        return {"boards": boards, "comparison": comparison}

    def drop(self) -> None:
        """See ``Executor``; every lease ends."""
        self.inside.drop()
        for board, _ in self._leases.values():
            self.pool.release(board)
        self._leases.clear()
        self._waiting.clear()
        self._training.clear()
        if self._comparison is None:
            self._compares = None

    def close(self) -> None:
        """See ``Executor``."""
        self.inside.close()

    def __enter__(self) -> Self:
        self._entered.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)


def _failed_on_all(failed: dict[str, str], last: TrialResult) -> TrialResult:
    """The failure of a trial that no board could measure, with the reason of each."""
    if len(failed) < 2:
        return last
    return replace(last, reason="; ".join(f"on {name}: {failed[name]}" for name in sorted(failed)))


def _of_reference(results: dict[str, TrialResult], comparison: BoardComparison | None) -> str:
    """The board whose figures are the trial's: of several, the one with the median latency."""
    if comparison is not None and comparison.reference in results:
        return comparison.reference
    return next(iter(results))
