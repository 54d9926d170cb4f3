"""Runs trials as tasks of a Ray cluster.

A trial is one task on one core of any node. In a search with a pool of boards, its measurement is a second
task, which needs no core but the custom resource of a board, and so runs on the node that has the board.
Configuration and data are put into Ray's object store once and travel once per node; the sealed test split
stays with the driver. A task of a node that is lost is submitted again, so the loss costs only the trials
that were running there. A worker that crashes, or that exceeds the deadline of its trial or the memory of its
node, fails its own trial.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self

from micronas.errors import MachineError, plural
from micronas.search.evaluation.task import WORKER_STAGE, TrialResult, TrialTask, failed_machine
from micronas.search.workers.executor import GRACE_S, EvaluateFactory, training_limit_s
from micronas.search.workers.ray_cluster import connected
from micronas.search.workers.ray_node import SharedData, run_on_node
from micronas.trial import Outcome

if TYPE_CHECKING:
    from ray import ObjectRef

MOST_LOST = 5
"""Nodes that may be lost with one trial before the search stops: then the trial may be the cause."""

BUSY_BOARD_S = 900.0
"""For which a measurement waits for a board that another search holds."""

_LOOK_S = 5.0
"""Between looks at boards whose node may be lost."""


@dataclass
class _Submitted:
    task: TrialTask
    limit_s: float
    dead_nodes: frozenset[str]
    since_s: float
    lost: int = 0


class RayExecutor:
    """Runs tasks on the cluster at ``address``; implements ``executor.Executor``."""

    def __init__(
        self,
        factory: EvaluateFactory,
        *,
        address: str,
        task_deadline_s: float,
        grace_s: float = GRACE_S,
        data: SharedData | None = None,
        gpus: float = 0.0,
        boards: Mapping[str, str] = MappingProxyType({}),
        busy_board_s: float = BUSY_BOARD_S,
        tasks_per_worker: int = 40,
    ) -> None:
        """``gpus`` is the share of a GPU that each trial takes; 0 trains on cores. ``boards`` names the
        custom resource of each board of a pool, which a measurement waits for during ``busy_board_s``.

        Raises ``ToolMissingError`` without Ray, and ``MachineError`` if no cluster answers at ``address``.
        """
        ray = connected(address)
        self._ray, self._deadline_s, self._grace_s = ray, task_deadline_s, grace_s
        self._shared, self._key = ray.put((factory, data)), uuid.uuid4().hex
        # A process keeps the GPU that it began with, so one with a GPU runs one task only.
        most = 1 if gpus else tasks_per_worker
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0, max_calls=most)
        self._run = remote(run_on_node)
        self._boards, self._busy_board_s, self._next_look_s = boards, busy_board_s, 0.0
        self._tasks: dict[ObjectRef[TrialResult], _Submitted] = {}

    def submit(self, task: TrialTask) -> None:
        """Give a task to the cluster, which queues it until a node has a free core."""
        limit_s = training_limit_s(task, self._deadline_s) + self._grace_s
        self._submit(task, limit_s, lost=0)

    def _submit(self, task: TrialTask, limit_s: float, lost: int) -> None:
        reference = self._start(task, limit_s)
        self._tasks[reference] = _Submitted(task, limit_s, self._dead_nodes(), time.monotonic(), lost)

    def _start(self, task: TrialTask, limit_s: float) -> ObjectRef[TrialResult]:
        """The task's reference; a measurement waits for the board, on the node that has it."""
        run = self._run
        if task.pool_board:
            resource = self._boards.get(task.pool_board)
            resources = {} if resource is None else {resource: 1}
            run = run.options(num_cpus=0, num_gpus=0, resources=resources)
        started: ObjectRef[TrialResult] = run.remote(self._key, self._shared, task, limit_s)
        return started

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """The next result; a task whose node was lost runs again instead."""
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        while self._tasks:
            if (late := self._board_not_free()) is not None:
                return late
            left_s = math.inf if end_s is None else max(0.0, end_s - time.monotonic())
            done, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=min(left_s, _LOOK_S))
            if not done and left_s <= _LOOK_S:
                return None
            if not done:
                continue
            submitted = self._tasks.pop(done[0])
            result = self._result(done[0], submitted)
            if result is not None:
                return submitted.task.number, result
            self._submit(submitted.task, submitted.limit_s, submitted.lost + 1)
        return None

    def _board_not_free(self) -> tuple[int, TrialResult] | None:
        """The number of a measurement that cannot get its board, and its failure."""
        if not self._boards or time.monotonic() < self._next_look_s:
            return None
        there = self._ray.cluster_resources()
        for reference, submitted in self._tasks.items():
            if reason := self._no_board(submitted, there):
                del self._tasks[reference]
                self._ray.cancel(reference, force=True)
                return submitted.task.number, _failed(reason)
        self._next_look_s = time.monotonic() + _LOOK_S
        return None

    def _no_board(self, submitted: _Submitted, there: Mapping[str, float]) -> str:
        """Why a measurement does not get its board; empty as long as it may."""
        board, waited_s = submitted.task.pool_board, time.monotonic() - submitted.since_s
        if not board or waited_s < _LOOK_S:
            return ""
        if self._boards.get(board, board) not in there:
            return "the node of the board is lost"
        most_s = submitted.limit_s + self._busy_board_s
        return f"not free for {most_s:.0f} s: another search holds it" if waited_s > most_s else ""

    def _result(self, reference: ObjectRef[TrialResult], submitted: _Submitted) -> TrialResult | None:
        """How a task ended; None if its node was lost."""
        errors = self._ray.exceptions
        try:
            result: TrialResult = self._ray.get(reference)
            return result
        except errors.OutOfMemoryError as error:
            return _failed(f"the node ran out of memory: {str(error).splitlines()[0]}")
        except errors.RayTaskError as error:
            return _failed(f"{type(error).__name__}: {str(error).splitlines()[-1]}")
        except errors.RayError as error:
            if not self._lost_a_node(error, submitted):
                return self._crashed(submitted)
            if submitted.task.pool_board:
                return _failed("the node of the board is lost")
            if submitted.lost < MOST_LOST:
                return None
            return failed_machine(
                MachineError(
                    f"trial {submitted.task.number} was running on {plural(MOST_LOST + 1, 'node')} "
                    "that were lost",
                    remedy="see the logs of these nodes",
                )
            )

    def _lost_a_node(self, error: Exception, submitted: _Submitted) -> bool:
        errors = self._ray.exceptions
        kinds = (errors.NodeDiedError, errors.LocalRayletDiedError)
        return isinstance(error, kinds) or self._dead_nodes() != submitted.dead_nodes

    def _dead_nodes(self) -> frozenset[str]:
        return frozenset(str(node["NodeID"]) for node in self._ray.nodes() if not node["Alive"])

    def _crashed(self, submitted: _Submitted) -> TrialResult:
        if time.monotonic() - submitted.since_s > submitted.limit_s:
            return _failed("exceeded its deadline and was stopped")
        return _failed("the worker process ended (out of memory, or a crash)")

    def drop(self) -> None:
        """Cancel every task; a worker that is running one is killed."""
        for reference in self._tasks:
            self._ray.cancel(reference, force=True)
        self._tasks.clear()

    def close(self) -> None:
        """Cancel what is running and leave the cluster."""
        self.drop()
        self._ray.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _failed(reason: str) -> TrialResult:
    return TrialResult(Outcome.FAILED, stage=WORKER_STAGE, reason=reason)
