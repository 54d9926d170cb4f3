"""The epochs of a trial follow the speed of the machine, in a resumed run and a rebuilt trial as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.final.cost import EPOCH_CPU_S
from micronas.search.machine_speed import EPOCH_FACTOR, LATEST, MachineSpeed, planned_factor
from micronas.search.rebuild import task_of
from micronas.search.workers.executor import InlineExecutor
from micronas.space import make_space
from micronas.store import Record, Store
from micronas.train.cost import epoch_cpu_s
from micronas.trial import Json, Outcome, Trial
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

SPACE = make_space(SpaceConfig(min_blocks=1, max_blocks=3, max_width=16), (16, 16, 1), 4)
SAMPLES = 500


def record(number: int, times_as_long: float | None, details: dict[str, Json] | None = None) -> Record:
    """A trial whose epochs took so many predicted ones."""
    arch = SPACE.sample(np.random.default_rng(number))
    if times_as_long is not None:
        predicted_s = epoch_cpu_s(SPACE.net(arch), SAMPLES)
        details = {**(details or {}), EPOCH_CPU_S: times_as_long * predicted_s}
    trial = Trial(number, SPACE.to_json(arch), SPACE.key(arch), Outcome.COMPLETE)
    return Record(trial, details or {}, 0, 0.0)


def speed(*records: Record) -> MachineSpeed:
    found = MachineSpeed(SPACE, SAMPLES)
    for one in records:
        found.add(one)
    return found


def test_the_factor_is_the_median_of_the_latest_trials_whatever_their_networks() -> None:
    assert speed().epoch_factor == 1.0
    assert speed(record(0, 0.3), record(1, 2.0), record(2, 0.25)).epoch_factor == pytest.approx(0.3)
    slow, fast = [record(n, 3.0) for n in range(20)], [record(n, 0.5) for n in range(20, 20 + LATEST)]
    assert speed(*slow, *fast).epoch_factor == pytest.approx(0.5)


def test_trials_without_a_measured_epoch_say_nothing() -> None:
    unmeasured, again = record(1, None), record(2, 9.0, {"repeats_trial": 0})
    assert speed(unmeasured, again).epoch_factor == 1.0
    assert speed(record(0, 0.3), unmeasured, again).epoch_factor == pytest.approx(0.3)


class Halving(MachineSpeed):
    """Half as fast after every trial."""

    def __init__(self) -> None:
        self._told = 0

    def add(self, record: Record) -> None:
        self._told += 1

    @property
    def epoch_factor(self) -> float:
        return float(2**self._told)


def factors(folder: Path, trials: int, tasks: list[TrialTask]) -> list[Record]:
    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        return replace(toy_evaluate(task), details={})

    store = Store.resume(folder) if folder.exists() else Store.create(folder, {})
    with store:
        store.begin_session()
        loop = make_loop(store, trials=trials, executor=InlineExecutor(evaluate), speed=Halving())
        return loop.run()


def test_a_trial_names_the_factor_that_planned_it_in_a_resumed_run_too(tmp_path: Path) -> None:
    whole: list[TrialTask] = []
    factors(tmp_path / "whole", 6, whole)
    halves: list[TrialTask] = []
    factors(tmp_path / "halves", 3, halves)
    factors(tmp_path / "halves", 6, halves)
    assert [task.epoch_factor for task in whole] == [task.epoch_factor for task in halves]
    with Store.read(tmp_path / "whole") as store:
        stored = store.records()
        for task in whole:
            one = next(r for r in stored if r.trial.number == task.number)
            assert planned_factor(one) == task.epoch_factor
            assert task_of(one, stored, 1).epoch_factor == task.epoch_factor
        assert EPOCH_FACTOR not in stored[0].details, "nothing was known before the first trial"
        assert max(task.epoch_factor for task in whole) > 1.0
