"""An executor that repeats no training whose result is known.

A search may ask for the same training again: boards with the same finalists share their further trainings,
and the final training of a run's only network was one of its trials.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.workers.executor import Executor


class Training(NamedTuple):
    """What a task trains: the network of trial ``number``, its ``repeat``, or its ``final`` training."""

    number: int
    repeat: int = 0
    final: bool = False

    @classmethod
    def of(cls, task: TrialTask) -> Training:
        """That of ``task``."""
        return cls(task.number, task.repeat, task.final)


Keep: TypeAlias = Callable[[TrialTask, TrialResult], Training | None]
"""(task, its result) -> the training that has this result from now on; None to forget it."""


def every_training(task: TrialTask, result: TrialResult) -> Training:
    """A ``Keep``: no task is run twice."""
    return Training.of(task)


class Once:
    """See the module. ``keep`` says which results are kept; ``known`` are those of an earlier session."""

    def __init__(
        self,
        executor: Executor,
        keep: Keep,
        known: Mapping[Training, TrialResult] = MappingProxyType({}),
    ) -> None:
        self._executor, self._keep, self._known = executor, keep, dict(known)
        self._running: dict[int, TrialTask] = {}
        self._ready: deque[Training] = deque()

    def submit(self, task: TrialTask) -> None:
        """Start a task, unless its result is known."""
        if Training.of(task) in self._known:
            self._ready.append(Training.of(task))
            return
        self._running[task.number] = task
        self._executor.submit(task)

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        """See ``Executor``; known results come first."""
        if self._ready:
            known = self._ready.popleft()
            return known.number, self._known[known]
        finished = self._executor.next_finished(timeout_s)
        if finished is not None:
            number, result = finished
            task = self._running.pop(number, None)
            if task is not None and (training := self._keep(task, result)) is not None:
                self._known[training] = result
        return finished

    def drop(self) -> None:
        """See ``Executor``; what is known stays known."""
        self._ready.clear()
        self._running.clear()
        self._executor.drop()

    def close(self) -> None:
        """See ``Executor``."""
        self._executor.close()
