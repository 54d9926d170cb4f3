"""Where the time of a search goes: seconds by stage, of the workers and of the process that leads them.

A worker times the stages of each task and sends them with its result; they are taken out before the result is
used, so a profiled search has the same trials as any other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Self

from micronas.host.stage_clock import StageClock, StageTime
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.workers.executor import Executor
from micronas.trial import Json, number_of, object_at

PROFILE_FACT = "time_profile"
"""Fact of a run: the profile of its last profiled session."""

_TIMES = "stage_times"

START, TRAIN, CONVERT, SCORE = "worker start", "training", "conversion", "int8 score"
FLOAT = "float file"
LEDGER, C_TEXT, BUILD, DEVICE = "lowering and ledger", "C text", "build", "emulator or board"
STRATEGY, STORE, OTHER, IDLE = "strategy", "store", "other", "idle"
STAGES = (START, TRAIN, CONVERT, SCORE, FLOAT, LEDGER, C_TEXT, BUILD, DEVICE, STRATEGY, STORE, OTHER, IDLE)
"""In the order of the table. Idle workers take wall-clock time only."""

_DEPLOYMENT = {
    "micronas.deploy.deployment:generate": C_TEXT,
    "micronas.deploy.deployment:build_firmware": BUILD,
    "micronas.deploy.deployment:use_device": DEVICE,
}
WORKER_PLACES = {
    **_DEPLOYMENT,
    "micronas.train.train:train": TRAIN,
    "micronas.estimate.final_fit:final_fit": TRAIN,
    "micronas.quantize:quantize": CONVERT,
    "micronas.estimate.full:_int8_quality": SCORE,
    "micronas.search.evaluation.stages:float_form": FLOAT,
    "micronas.search.evaluation.placement:deployed_graph": LEDGER,
    "micronas.search.evaluation.placement:make_ledger": LEDGER,
}
"""Function -> stage, in a worker; what is below none of them is other."""
LEADER_PLACES = {
    **_DEPLOYMENT,
    "micronas.search.gate:LedgerGate.verdict": LEDGER,
    "micronas.search.gate:LedgerGate.fits": LEDGER,
    "micronas.search.final.build:make_ledger": LEDGER,
    "micronas.search.outcome:run_isolated": FLOAT,
    "micronas.search.trial_start:TrialStart.proposed": STRATEGY,
    "micronas.search.loop:Loop._tell": STRATEGY,
    "micronas.store.store:Store.add": STORE,
    "micronas.store.store:Store.record": STORE,
    "micronas.store.store:Store.records": STORE,
    "micronas.store.store:Store.set_final": STORE,
}
"""Likewise in the process that leads the search; it imports no TensorFlow."""


class ProfiledEvaluator:
    """Times each task of a worker; ``start`` is what the worker needed before its first task."""

    def __init__(self, evaluate: Evaluate, clock: StageClock, start: StageTime) -> None:
        self._evaluate, self._clock = evaluate, clock
        clock.times[START] += start

    def __call__(self, task: TrialTask) -> TrialResult:
        """See ``task.Evaluate``."""
        with self._clock.stage(OTHER):
            result = self._evaluate(task)
        times, self._clock.times = self._clock.times, defaultdict(StageTime)
        return replace(result, details={**result.details, _TIMES: _to_json(times)})


class SearchProfile:
    """Collects the times of one session; as a context manager around the whole search."""

    def __init__(self, workers: int, clock: StageClock | None = None) -> None:
        self._workers, self._clock = workers, clock or StageClock()
        self._of_workers: dict[str, StageTime] = defaultdict(StageTime)
        self._start_s = 0.0

    def __enter__(self) -> Self:
        self._start_s = time.monotonic()
        self._clock.watch(LEADER_PLACES)
        self._whole = self._clock.stage(OTHER)
        self._whole.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._clock.close()
        self._whole.__exit__(None, None, None)

    def around(self, executor: Executor) -> Executor:
        """``executor``, with the times of its results added here."""
        return _ProfiledExecutor(executor, self)

    def take(self, result: TrialResult) -> TrialResult:
        """Add the times of ``result`` and return it without them."""
        for name, entry in object_at(result.details, _TIMES).items():
            cpu_s, wall_s = (number_of(object_at(entry).get(key)) or 0.0 for key in ("cpu_s", "wall_s"))
            self._of_workers[name] += StageTime(cpu_s, wall_s)
        return replace(result, details={k: v for k, v in result.details.items() if k != _TIMES})

    def add_start(self, time: StageTime) -> None:
        """Add what the process has used from which workers are forked: its imports are theirs."""
        self._of_workers[START] += time

    def waiting(self) -> AbstractContextManager[None]:
        """Around a wait for workers. Their CPU seconds, which the system adds here when they end, are known
        from their results, so they are not counted again.
        """
        return self._clock.stage(IDLE)

    def to_json(self) -> dict[str, Json]:
        """The object ``profile`` of ``micronas search --json``."""
        with self._clock.stage(OTHER):
            pass  # charges what is running
        wall_s = time.monotonic() - self._start_s
        busy_s = sum(one.wall_s for one in self._of_workers.values())
        workers, leader = self._of_workers, dict(self._clock.times)
        leader.pop(IDLE, None)
        rows: list[Json] = []
        for name in STAGES:
            in_workers, here = workers.get(name, StageTime()), leader.get(name, StageTime())
            both = in_workers + here
            idle_s = max(0.0, self._workers * wall_s - busy_s) if name == IDLE else both.wall_s
            rows.append(
                {
                    "stage": name,
                    "workers_cpu_s": in_workers.cpu_s,
                    "leader_cpu_s": here.cpu_s,
                    "wall_s": idle_s,
                }
            )
        cpu_s = sum(one.cpu_s for one in (*workers.values(), *leader.values()))
        return {"workers": self._workers, "wall_s": wall_s, "cpu_s": cpu_s, "stages": rows}


@dataclass(frozen=True)
class _ProfiledExecutor:
    executor: Executor
    profile: SearchProfile

    def submit(self, task: TrialTask) -> None:
        self.executor.submit(task)

    def next_finished(self, timeout_s: float | None) -> tuple[int, TrialResult] | None:
        with self.profile.waiting():
            finished = self.executor.next_finished(timeout_s)
        return None if finished is None else (finished[0], self.profile.take(finished[1]))

    def drop(self) -> None:
        self.executor.drop()

    def close(self) -> None:
        with self.profile.waiting():
            self.executor.close()


def _to_json(times: Mapping[str, StageTime]) -> dict[str, Json]:
    return {name: {"cpu_s": one.cpu_s, "wall_s": one.wall_s} for name, one in times.items()}


def profile_rows(profile: Mapping[str, Json]) -> list[tuple[str, str, str, str, str]]:
    """The table of a stored profile: stage, CPU seconds of workers and leader, share, wall-clock seconds."""
    stages = profile.get("stages")
    total = number_of(profile.get("cpu_s")) or 0.0
    rows = []
    for entry in stages if isinstance(stages, list) else []:
        one = object_at(entry)
        in_workers, here, wall = (
            number_of(one.get(key)) or 0.0 for key in ("workers_cpu_s", "leader_cpu_s", "wall_s")
        )
        share = f"{100 * (in_workers + here) / total:.1f} %" if total else "-"
        rows.append((str(one.get("stage")), f"{in_workers:.2f}", f"{here:.2f}", share, f"{wall:.2f}"))
    return rows
