"""How long a picked network is trained: as long as the winner of its run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from micronas.config import parse_config
from micronas.errors import SearchError
from micronas.search.evaluation.task import ONE_NETWORK
from micronas.search.final.epochs import final_epochs
from micronas.search.pick import pick
from micronas.search.setup import Setup, prepare
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Final, Store
from micronas.store.deployment_figures import DeploymentFigures
from micronas.store.final_figures import FinalFigures
from tests.support.search_fakes import toy_scores
from tests.support.toy_loop import make_loop


@pytest.fixture(scope="module")
def digits() -> Setup:
    config = {"board": "nucleo_f446re", "device": "none", "data": {"name": "digits"}, "workers": 1}
    return prepare(parse_config(config))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The epochs of the final training that would begin; it does not."""
    epochs: list[int] = []

    def executor(setup: Setup, *rest: object) -> InlineExecutor:
        epochs.append(final_epochs(setup.config, setup.dataset.task))
        raise SearchError("enough", remedy="none")

    monkeypatch.setattr("micronas.search.pick.search_executor", executor)
    return epochs


@pytest.fixture
def store(tmp_path: Path, digits: Setup) -> Store:
    store = Store.create(tmp_path / "run", {"board": {"name": digits.board.name}})
    store.begin_session()
    return store


def picks(digits: Setup, store: Store, number: int) -> None:
    with pytest.raises(SearchError, match="enough"):
        pick(digits, store, number, lambda text: None)


def finished(store: Store, epochs: int, *, final_fit: bool = True) -> None:
    scores = replace(toy_scores([2] * 6), epochs=epochs)
    figures = FinalFigures(0, "", final_fit, 0.9, 400, scores, DeploymentFigures(), {}, "accuracy")
    store.set_final(Final(figures.to_json(), b"model"))


@pytest.mark.parametrize(("epochs", "expected"), [(347, 347), (75, 120)])
def test_a_network_that_had_all_of_the_time_has_as_many_epochs(
    digits: Setup, store: Store, asked: list[int], epochs: int, expected: int
) -> None:
    make_loop(store, trials=1).run()
    record = store.record(0)
    scores = replace(record.trial.scores, epochs=epochs) if record.trial.scores else None
    alone = replace(record, trial=replace(record.trial, number=1, scores=scores), details={ONE_NETWORK: True})
    store.add(alone)
    picks(digits, store, 1)
    assert asked == [expected]


@pytest.mark.parametrize(("epochs", "expected"), [(213, 213), (75, 120)])
def test_after_a_search_it_has_as_many_as_the_winner(
    digits: Setup, store: Store, asked: list[int], epochs: int, expected: int
) -> None:
    """A budget in time lets the winner train for more epochs than a number of trials does."""
    make_loop(store, trials=3).run()
    finished(store, epochs)
    picks(digits, store, 2)
    assert asked == [expected]


@pytest.mark.parametrize("ended", [False, True])
def test_without_a_final_training_of_the_winner_it_has_the_usual_number(
    digits: Setup, store: Store, asked: list[int], ended: bool
) -> None:
    make_loop(store, trials=3).run()
    if ended:
        finished(store, 8, final_fit=False)
    picks(digits, store, 2)
    assert asked == [120]


def test_epochs_that_are_configured_count(digits: Setup, store: Store, asked: list[int]) -> None:
    make_loop(store, trials=3).run()
    finished(store, 213)
    fit = digits.config.final_fit.model_copy(update={"epochs": 40})
    picks(replace(digits, config=digits.config.model_copy(update={"final_fit": fit})), store, 2)
    assert asked == [40]
