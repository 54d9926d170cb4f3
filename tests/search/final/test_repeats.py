"""A repeated architecture is answered by what its first trial said of it, if that said anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from micronas.errors import BuildError, DeviceError, FlashError
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.store import Store
from micronas.trial import Outcome
from tests.support.search_fakes import ToyArch, toy_evaluate
from tests.support.toy_loop import make_loop

SAME = ToyArch((1,) * 6)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        yield store


@pytest.mark.parametrize(
    ("stage", "trained"), [(DeviceError.stage, [0, 1]), (FlashError.stage, [0, 1]), (BuildError.stage, [0])]
)
def test_a_failure_of_the_device_is_no_answer(store: Store, stage: str, trained: list[int]) -> None:
    """Trial 0 fails: for a cable it says nothing of the network, and trial 1 runs; for a build it does."""
    seen: list[int] = []

    def evaluate(task: TrialTask) -> TrialResult:
        seen.append(task.number)
        if task.number == 0:
            return TrialResult(Outcome.FAILED, stage=stage, reason="broken")
        return toy_evaluate(task)

    records = make_loop(store, trials=3, evaluate=evaluate, first=(SAME, SAME, SAME)).run()
    assert seen == trained
    answer = records[trained[-1]].trial
    assert (records[2].trial.outcome, records[2].trial.scores) == (answer.outcome, answer.scores)
    assert records[2].details["repeats_trial"] == trained[-1]
