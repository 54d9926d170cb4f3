"""Execution of tasks: in this process, or in worker processes that are replaced after a few tasks.

TensorFlow leaks about 6.5 MB per network, so workers are replaced before the leak matters. A process that has
used TensorFlow cannot be forked. Workers are therefore spawned, or forked from one that has only imported it
(``host.forking``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from micronas.errors import MachineError, MicronasError
from micronas.host.forking import SERVER_ENDED, ForkingContext
from micronas.host.machine_fault import machine_fault
from micronas.host.program_output import exit_text
from micronas.host.spawning import RecordingContext, workers_ended
from micronas.host.stage_clock import StageTime
from micronas.search.evaluation.task import WORKER_STAGE, Evaluate, TrialResult, TrialTask, failed_machine
from micronas.search.workers.watch import WorkerWatch, memory_per_worker
from micronas.train.child_process import follow_parent, interrupts_held
from micronas.trial import Outcome

GRACE_S = 60.0
"""Time allowed for building and measuring, on top of a trial's training."""

_SIGKILL = 9

EvaluateFactory: TypeAlias = Callable[[], Evaluate]
"""Creates the evaluator inside the process that uses it; must be picklable for ``ProcessExecutor``."""


def training_limit_s(task: TrialTask, default_s: float) -> float:
    """Seconds after which the training of ``task`` counts as hanging; 0 if it is already trained."""
    return 0.0 if task.trained is not None else max(default_s, task.deadline_s or 0.0, task.hang_timeout_s)


class Executor(Protocol):
    """Runs tasks and returns results in the order in which they end."""

    def submit(self, task: TrialTask) -> None:
        """Start a task, or queue it; returns at once."""
        ...

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """The number and result of the next task to end; None if none ended within ``timeout_s``."""
        ...

    def drop(self) -> None:
        """Cancel every task that has not ended."""
        ...

    def close(self) -> None:
        """Stop all workers; results that were not fetched are lost."""
        ...


class InlineExecutor:
    """Runs each task in this process when its result is asked for."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self._queue: deque[TrialTask] = deque()

    def submit(self, task: TrialTask) -> None:
        """Queue a task."""
        self._queue.append(task)

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """Run the oldest task; the timeout is not used."""
        if not self._queue:
            return None
        task = self._queue.popleft()
        return task.number, self._evaluate(task)

    def drop(self) -> None:
        """Forget queued tasks."""
        self._queue.clear()

    def close(self) -> None:
        """Nothing to stop."""


def _no_more(time: StageTime) -> None:
    """Of a start that is not asked for, or was reported."""


class ProcessExecutor:
    """Worker processes with a hard deadline per task and a limit on the memory of each.

    A worker that exceeds either is killed, and one that dies (a crash in native code) is replaced. In all
    cases the task ends as FAILED and the others continue. A worker that something else killed, such as a
    system that is short of memory, says nothing about the network: its task is repeated once.
    """

    def __init__(
        self,
        factory: EvaluateFactory,
        *,
        workers: int,
        task_deadline_s: float,
        grace_s: float = GRACE_S,
        tasks_per_worker: int = 40,
        memory_bytes: int | None = None,
        image: str = "",
        started: Callable[[StageTime], object] = _no_more,
    ) -> None:
        """``grace_s`` is the time allowed after a task's deadline, which limits its training only.
        ``memory_bytes`` limits each worker; None: its share of the machine's. ``image`` is a module that a
        process imports once for all workers (see ``host.forking``); without one, they are spawned.
        ``started`` receives what these imports took, when the workers have ended.
        """
        from pebble import ProcessPool

        self._deadline_s, self._grace_s = task_deadline_s, grace_s
        self._context = context = ForkingContext(image) if image else RecordingContext()
        self._started = started
        self._watch = WorkerWatch(context.pids, memory_bytes or memory_per_worker(workers))
        self._futures: dict[Future[TrialResult], TrialTask] = {}
        self._repeated: set[tuple[int, bool]] = set()
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=tasks_per_worker,
            initializer=_start_worker,
            initargs=(factory,),
            context=context,
        )
        if isinstance(context, ForkingContext):
            with interrupts_held():
                context.start_server()

    def submit(self, task: TrialTask) -> None:
        """Give a task to the next free worker."""
        limit_s = training_limit_s(task, self._deadline_s) + self._grace_s
        with interrupts_held():  # the first task starts the pool
            self._futures[self._schedule(task, limit_s)] = task

    def _schedule(self, task: TrialTask, limit_s: float) -> Future[TrialResult]:
        """The task's future; if the pool has ended, the reason is its result."""
        try:
            # Without a timeout of the pool's: it reads the system clock, which may jump.
            future: Future[TrialResult] = self._pool.schedule(_run_task, args=(task,))
        except (OSError, RuntimeError) as error:
            failed: Future[TrialResult] = Future()
            failed.set_exception(error)
            return failed
        self._watch.add(future, limit_s)
        self._watch.start()
        return future

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """The next result; a timeout or crash of a worker is returned as FAILED."""
        give_up_at = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if give_up_at is None else max(0.0, give_up_at - time.monotonic())
            done, _ = wait(self._futures, timeout=left_s, return_when=FIRST_COMPLETED)
            if not done:
                return None
            future = min(done, key=lambda f: self._futures[f].number)
            task = self._futures.pop(future)
            stopped = self._watch.remove(future, _pid_of(future))
            if stopped and (future.cancelled() or future.exception() is not None):
                return task.number, _failed_worker(stopped)
            if not _was_killed(future) or (task.number, task.final) in self._repeated:
                return task.number, _outcome(future)
            self._repeated.add((task.number, task.final))
            self.submit(task)

    def drop(self) -> None:
        """Cancel tasks; a worker that is running one is killed and replaced."""
        for future in self._futures:
            self._watch.remove(future)
            future.cancel()
        self._futures.clear()

    def close(self) -> None:
        """Kill the workers."""
        self._watch.stop()
        self._pool.stop()  # type: ignore[no-untyped-call]
        if isinstance(self._context, ForkingContext):
            self._context.end_importing()  # the pool may be waiting for it
        self._pool.join(timeout=10.0)
        if isinstance(self._context, ForkingContext):
            started, self._started = self._started, _no_more
            started(self._context.server_time())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pid_of(future: Future[TrialResult]) -> int | None:
    """The worker process that died with the task, if one did."""
    from pebble import ProcessExpired

    error = None if future.cancelled() else future.exception()
    return error.pid if isinstance(error, ProcessExpired) else None


def _was_killed(future: Future[TrialResult]) -> bool:
    """Whether something outside of micronas ended the worker: a crash raises another signal."""
    from pebble import ProcessExpired

    if future.cancelled():
        return False
    error = future.exception()
    return isinstance(error, ProcessExpired) and error.exitcode in (-_SIGKILL, SERVER_ENDED)


def _outcome(future: Future[TrialResult]) -> TrialResult:
    from pebble import ProcessExpired

    try:
        result = future.result()
    except ProcessExpired as error:
        return _failed_worker(
            f"the worker process ended with {exit_text(error.exitcode)} (out of memory, or a crash)"
        )
    except CancelledError:
        return _failed_worker("cancelled")
    except Exception as error:  # the evaluation catches its own errors, so these are the pool's
        return failed_machine(workers_ended(error))
    return result


def _failed_worker(reason: str) -> TrialResult:
    return TrialResult(Outcome.FAILED, stage=WORKER_STAGE, reason=reason)


_evaluate: Evaluate | None = None  # one per worker process: data and TensorFlow are loaded once


def _start_worker(factory: EvaluateFactory) -> None:
    global _evaluate
    follow_parent()
    _evaluate = evaluator_or_fault(factory)


def evaluator_or_fault(factory: EvaluateFactory) -> Evaluate:
    """What ``factory`` makes; if it cannot, an evaluator that reports why.

    Otherwise, a pool would start workers forever.
    """
    try:
        return factory()
    except Exception as error:
        cause = machine_fault(error) or error
        remedy = cause.remedy if isinstance(cause, MicronasError) else "`micronas doctor` checks this machine"
        reason = cause.message if isinstance(cause, MicronasError) else f"{type(cause).__name__}: {cause}"
        failed = failed_machine(MachineError(f"a worker cannot start: {reason}", remedy=remedy))
        return lambda task: failed


def _run_task(task: TrialTask) -> TrialResult:
    assert _evaluate is not None, "the worker was not started by _start_worker"
    return _evaluate(task)
