"""Warm starts: a child inherits from the trial it is most like, after a kill and in a rebuild as before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import DataConfig, SpaceConfig, StrategyConfig, parse_config
from micronas.errors import ConfigError, SearchError
from micronas.estimate.full import Estimate
from micronas.model.net import Net
from micronas.search.evaluation import training
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.gate import Verdict
from micronas.search.inheritance import INHERITS, Donors, Inheritance
from micronas.search.loop import Loop
from micronas.search.parts import SearchParts
from micronas.search.proposals import Proposals
from micronas.search.rebuild import task_of
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.space import Arch, make_space
from micronas.store import Record, Store
from micronas.strategy import make_strategy
from micronas.train.keras_file import weights_to_bytes
from micronas.train.settings import TrainSettings
from micronas.train.weights import Weights, initial_weights
from micronas.trial import Outcome, Trial
from tests.support.loops import loop_of
from tests.support.search_fakes import Silent, toy_scores

SPACE = make_space(SpaceConfig(min_blocks=1, max_blocks=3, max_width=16), (16, 16, 1), 4)


class OpenGate:
    """Everything fits."""

    def verdict(self, arch: Arch) -> Verdict:
        """Fits."""
        return Verdict(fits=True, reasons=(), remedies=())

    def fits(self, arch: Arch) -> bool:
        """Always."""
        return True


class KilledError(Exception):
    """Stands for kill -9."""


def evaluate(task: TrialTask) -> TrialResult:
    """Weights that name their trial, and a reward that prefers some networks."""
    scores = toy_scores([sum(task.key.encode()) % 5] * 6)
    return TrialResult(Outcome.COMPLETE, scores, weights=f"weights of {task.number}".encode())


def loop(store: Store, evaluate: Evaluate, *, workers: int = 1) -> Loop:
    proposals = Proposals(SPACE, OpenGate())
    config = StrategyConfig(name="aging_evolution", population=4, sample=2)
    parts = SearchParts(SPACE, proposals, store, TrialTermination(16), Silent([]), workers)
    strategy = make_strategy(config, SPACE, 11, proposals.accept)
    return loop_of(parts, strategy, InlineExecutor(evaluate), donors=Donors(SPACE))


def heirs(tasks: list[TrialTask]) -> dict[int, tuple[int, bytes] | None]:
    """Number of a task -> the trial that it inherits from, and the weights that the worker got."""
    return {t.number: (t.inherits.number, t.inherits.weights) if t.inherits else None for t in tasks}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("killed_at", [1, 6, 11])
def test_a_killed_run_inherits_as_one_that_was_not(tmp_path: Path, workers: int, killed_at: int) -> None:
    whole: list[TrialTask] = []

    def keep(task: TrialTask) -> TrialResult:
        whole.append(task)
        return evaluate(task)

    with Store.create(tmp_path / "whole", {}) as store:
        records = loop(store, keep, workers=workers).run()
        inherited = {r.trial.number: store.record(r.trial.number).details.get(INHERITS) for r in records}
        for task in whole:
            rebuilt = task_of(store.record(task.number), store.records(), workers, store)
            assert rebuilt.inherits == task.inherits
    expected = heirs(whole)
    assert expected[0] is None
    donors = {n: found for n, found in expected.items() if found is not None}
    assert len(donors) > 8, "children of the population inherit"
    assert all(donor <= n - workers for n, (donor, _) in donors.items()), "only from reported trials"
    assert all(weights == f"weights of {donor}".encode() for donor, weights in donors.values())
    assert inherited == {n: found[0] if found else None for n, found in expected.items()}
    again: list[TrialTask] = []

    def cut(task: TrialTask) -> TrialResult:
        if len(again) == killed_at:
            raise KilledError
        again.append(task)
        return evaluate(task)

    with Store.create(tmp_path / "cut", {}) as store, pytest.raises(KilledError):
        loop(store, cut, workers=workers).run()
    killed_at = -1
    with Store.resume(tmp_path / "cut") as store:
        assert [r.trial.key for r in loop(store, cut, workers=workers).run()] == [
            r.trial.key for r in records
        ]
    assert heirs(again) == expected


def test_the_donor_is_the_network_that_gives_most_and_strangers_give_nothing() -> None:
    rng = np.random.default_rng(3)
    donors, parent = Donors(SPACE), SPACE.sample(rng)
    assert donors.best_for(parent) is None
    for number, arch in enumerate([*(SPACE.sample(rng) for _ in range(10)), parent]):
        scores = toy_scores([1] * 6)
        trial = Trial(number, SPACE.to_json(arch), SPACE.key(arch), Outcome.COMPLETE, scores)
        donors.add(Record(trial, {}))
    trial = Trial(11, SPACE.to_json(parent), SPACE.key(parent), Outcome.COMPLETE, toy_scores([1] * 6))
    donors.add(Record(trial, {}))
    donors.add(Record(Trial(12, SPACE.to_json(parent), "failed", Outcome.FAILED), {}))
    assert donors.best_for(parent) == (10, SPACE.to_json(parent))


def test_a_rebuild_without_the_donors_weights_says_so(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {}) as store:
        loop(store, evaluate).run()
        records = [store.record(n) for n in store.numbers()]
        heir = next(r for r in records if INHERITS in r.details)
        (store.folder / "weights" / f"trial-{heir.details[INHERITS]}.npz").unlink()
        with pytest.raises(SearchError, match=f"started from the weights of trial {heir.details[INHERITS]}"):
            task_of(heir, records, 1, store)


def test_an_heir_is_trained_for_fewer_epochs_from_the_weights_of_its_donor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, Weights | None]] = []

    def noted(net: Net, data: DataConfig, settings: TrainSettings, *_: Any, **named: Any) -> Estimate:
        asked.append((settings.epochs, named["start"]))
        return Estimate(b"", 0.5, 0.5, 1, 0.0, 1, 1)

    monkeypatch.setattr(training, "estimate_fully", noted)
    config = parse_config({"data": {"name": "digits"}, "estimator": {"warm_epochs": 3}})
    space = make_space(config.space, (8, 8, 1), 10)
    arch = space.baselines()[-1]
    given = initial_weights(space.net(arch), 99)
    donor = Inheritance(4, space.to_json(arch), weights_to_bytes(given))
    task = TrialTask(7, space.to_json(arch), space.key(arch))
    for one in (task, replace(task, inherits=donor)):
        training.estimate_task(one, space, config)
    (usual, nothing), (few, start) = asked
    assert (usual, nothing, few) == (config.estimator.epochs, None, 3)
    assert start is not None
    for own, donated in zip(start, given, strict=True):
        assert (own is None) == (donated is None)
        assert own is None or donated is None or np.array_equal(own.kernel, donated.kernel)


def test_learning_curves_of_different_lengths_are_not_compared() -> None:
    assert parse_config({"budget": {"trials": 1}}).estimator.warm_epochs is None
    with pytest.raises(ConfigError, match="warm_epochs does not work with estimator halving"):
        parse_config({"budget": {"trials": 1}, "estimator": {"name": "halving", "warm_epochs": 2}})
