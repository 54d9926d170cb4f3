"""A budget that affords one network: trained once, by the final training, and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from micronas.config import FinalFitConfig, SearchBudget, SearchConfig, parse_config
from micronas.data.dataset import Task
from micronas.errors import SearchError
from micronas.search.affordable import OtherwiseError, SearchOrNot, decides, with_decision
from micronas.search.evaluation.task import ONE_NETWORK, TrialResult, TrialTask
from micronas.search.evaluation.training import estimate_task
from micronas.search.final.epochs import final_epochs
from micronas.search.final.finalists import Selection
from micronas.search.final.winner import choose
from micronas.search.one_network import (
    AFFORDS_ONE,
    TRAINED_ALONE,
    alone,
    as_first,
    final_training,
    search_or_not,
    stored_alone,
    trained_alone,
)
from micronas.search.rebuild import rebuild
from micronas.search.setup import Setup, prepare
from micronas.search.termination import CpuTimeTermination, TrialTermination, WallTimeTermination
from micronas.search.termination.cpu import FILES_CPU_S
from micronas.search.workers.executor import InlineExecutor
from micronas.search.workers.once import Once
from micronas.store import Record, Store
from micronas.trial import Outcome
from tests.support.affordable import LIMIT
from tests.support.search_fakes import Silent, ToyArch, toy_evaluate, toy_scores
from tests.support.toy_loop import make_loop

if TYPE_CHECKING:
    from micronas.estimate.final_fit import FinalSettings
    from micronas.estimate.full import Estimate

LIMIT_AT_ONE_S = "6 minutes"
ONE = SearchOrNot((LIMIT,), epoch_s=6.0)
MANY = SearchOrNot((LIMIT,), epoch_s=0.1)
RATHER_ONE = SearchOrNot((LIMIT,), epoch_s=0.5)
RATHER_MANY = SearchOrNot((LIMIT,), epoch_s=0.25)
FIRST = (ToyArch((2,) * 6), ToyArch((1,) * 6))


class Listening(Silent):
    """Keeps the texts of the phases."""

    def __init__(self, trials: list[tuple[Record, bool]]) -> None:
        super().__init__(trials)
        self.heard: list[str] = []

    def phase(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        yield store


def trained(tasks: list[TrialTask]) -> Callable[[TrialTask], TrialResult]:
    """Trains toy networks and notes the tasks."""

    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        found = toy_evaluate(task)
        return replace(found, tflite=b"final" if task.final else found.tflite)

    return evaluate


@pytest.fixture(scope="module")
def digits() -> Setup:
    config = {"board": "nucleo_f446re", "device": "none", "data": {"name": "digits"}, "workers": 1}
    return prepare(parse_config(config))


def with_budget(setup: Setup, budget: dict[str, float], **sections: object) -> Setup:
    base = setup.config.model_dump(mode="json", exclude_none=True)
    base["latency"] = {}  # the source that ``prepare`` wrote down
    config: SearchConfig = parse_config({**base, "budget": budget, **sections})
    return replace(setup, config=config.model_copy(update={"latency": setup.config.latency}))


def affords_one_of(setup: Setup) -> bool:
    search = search_or_not(setup)
    return search is not None and search.affords_one()


def test_only_a_budget_in_time_that_is_too_small_affords_one_of(digits: Setup) -> None:
    assert affords_one_of(with_budget(digits, {"cpu_minutes": 0.2}))
    assert affords_one_of(with_budget(digits, {"minutes": 0.2, "trials": 50}))
    assert affords_one_of(with_budget(digits, {"minutes": 60, "cpu_minutes": 0.2}))
    assert not affords_one_of(with_budget(digits, {"cpu_minutes": 20}))
    assert not affords_one_of(with_budget(digits, {"trials": 1}))


def test_what_needs_trials_has_them_in_any_budget(digits: Setup) -> None:
    small = {"cpu_minutes": 0.2}
    assert not affords_one_of(with_budget(digits, small, final_fit={"share": 0.4}))
    assert not affords_one_of(with_budget(digits, small, training={"distill": "finalists"}))
    assert affords_one_of(with_budget(digits, small, constraints={"latency_ms": 1000.0}))
    assert digits.config.latency.source == "modelled"
    emulated = with_budget(digits, small, constraints={"latency_ms": 1000.0})
    latency = emulated.config.latency.model_copy(update={"source": "emulated"})
    unknown = replace(emulated, config=emulated.config.model_copy(update={"latency": latency}))
    assert not affords_one_of(unknown), "whether the network is fast enough is known after its training"
    assert not affords_one_of(replace(with_budget(digits, small), others=(digits,)))


def test_the_first_trial_is_the_final_training_and_ends_the_search(store: Store) -> None:
    tasks: list[TrialTask] = []
    observer = Listening([])
    records = make_loop(
        store, evaluate=trained(tasks), first=FIRST, observer=observer, search=ONE, workers=2
    ).run()
    assert [(task.number, task.arch, task.final) for task in tasks] == [(0, [2] * 6, True)]
    assert [record.details[ONE_NETWORK] for record in records] == [True]
    assert records[0].trial.origin == "baseline"
    assert observer.heard == [AFFORDS_ONE]
    assert trained_alone(records) == TRAINED_ALONE
    scores = replace(toy_scores([2] * 6), epochs=20, train_cpu_s=20.8)  # a second each
    timed = replace(records[0], trial=replace(records[0].trial, scores=scores))
    assert trained_alone([timed], ONE) == f"{TRAINED_ALONE}; a search needs about {LIMIT_AT_ONE_S}"
    again = make_loop(store, evaluate=trained(tasks), first=FIRST, search=ONE).run()
    assert len(again) == len(tasks) == 1, "a resumed run does not train it again"


def test_a_run_that_is_resumed_with_a_larger_budget_searches(store: Store) -> None:
    tasks: list[TrialTask] = []
    make_loop(store, evaluate=trained(tasks), first=FIRST, search=ONE).run()
    records = make_loop(store, evaluate=trained(tasks), first=FIRST, trials=5).run()
    assert len(records) == 5
    assert [task.final for task in tasks] == [True, *[False] * (len(tasks) - 1)]
    assert trained_alone(records) == ""


def test_epochs_that_take_longer_than_predicted_make_the_trial_the_final_training(store: Store) -> None:
    tasks: list[TrialTask] = []

    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        assert task.undecided is not None
        assert task.undecided.search == MANY
        found = trained([])(task.undecided.instead)
        assert found.scores is not None
        scores = replace(found.scores, epochs=20, train_cpu_s=110.0)
        return replace(found, scores=scores, details={ONE_NETWORK: True})

    executor, observer = Once(InlineExecutor(evaluate), final_training), Listening([])
    records = make_loop(store, executor=executor, first=FIRST, observer=observer, search=MANY).run()
    (heard,) = observer.heard
    assert heard.startswith(f"{TRAINED_ALONE}; a search needs about ")
    winner = choose(records, 1, executor, 1, store, TrialTermination(4))
    assert (winner.final_fit, winner.tflite) == (True, b"final")
    again = make_loop(store, evaluate=trained(tasks), first=FIRST, search=MANY).run()
    assert (len(again), len(tasks)) == (1, 1), "a resumed run decides by the speed of that training"


def test_the_second_epoch_of_a_trial_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, ...]] = []

    def stop(curve: tuple[float, ...]) -> str:
        asked.append(curve)
        return "enough" if len(curve) == 3 else ""

    for now_s, slow in (((9.0, 9.1, 9.2), False), ((9.0, 15.0), True)):
        times = iter(now_s)
        monkeypatch.setattr("micronas.search.affordable.time.process_time", lambda times=times: next(times))
        rule = with_decision(stop, decides(MANY, final=False))
        assert rule((0.1,)) == "", "the first epoch says nothing, because it includes compiling"
        if slow:
            with pytest.raises(OtherwiseError):
                rule((0.1, 0.2))
        else:
            assert (rule((0.1, 0.2)), rule((0.1, 0.2, 0.3))) == ("", "enough")


def test_the_second_epoch_of_a_final_training_decides() -> None:
    decides(RATHER_ONE, final=True)(0.9)
    with pytest.raises(OtherwiseError):
        decides(RATHER_ONE, final=True)(0.2)


@pytest.mark.parametrize(
    ("search", "certain", "one"),
    [(ONE, True, True), (MANY, True, False), (RATHER_ONE, False, True), (RATHER_MANY, False, False)],
    ids=["one", "many", "rather one", "rather many"],
)
def test_the_first_trial_begins_as_predicted_and_may_change(
    search: SearchOrNot, certain: bool, one: bool
) -> None:
    assert (search.is_open, search.affords_one(), search.surely_one) == (not certain, one, certain and one)
    task, termination = TrialTask(0, [], "k"), CpuTimeTermination(2.0, lambda: 1.0, FinalFitConfig())
    final = alone(task, termination)
    for workers in (1, 3):
        first = as_first(task, search, termination, workers)
        assert first.final is one
        if first.undecided is None:
            assert first == (final if one else task)
            assert certain, "other workers may be running other trials then"
        else:
            assert first.undecided.instead == (task if one else final)
            assert first.hang_timeout_s == final.hang_timeout_s
    assert as_first(task, search, termination, 3).undecided is None or not certain


@pytest.mark.parametrize(("search", "one"), [(RATHER_ONE, False), (RATHER_MANY, True), (RATHER_ONE, True)])
def test_with_several_workers_the_first_trial_runs_alone_until_it_has_decided(
    store: Store, search: SearchOrNot, one: bool
) -> None:
    tasks: list[TrialTask] = []

    def evaluate(task: TrialTask) -> TrialResult:
        tasks.append(task)
        if task.number > 0:
            return toy_evaluate(task)
        assert task.undecided is not None
        found = toy_evaluate(task)
        return replace(found, tflite=b"final", details={ONE_NETWORK: True}) if one else found

    class Watching(InlineExecutor):
        def submit(self, task: TrialTask) -> None:
            assert task.number == 0 or tasks, "the first trial has ended"
            super().submit(task)

    observer, executor = Listening([]), Once(Watching(evaluate), final_training)
    records = make_loop(
        store, executor=executor, first=FIRST, observer=observer, search=search, workers=2, trials=4
    ).run()
    assert [text.startswith(TRAINED_ALONE) for text in observer.heard] == ([True] if one else [])
    assert len(records) == (1 if one else 4)
    winner = choose(records, 1, executor, 1, store, TrialTermination(4))
    assert [task.final for task in tasks[len(records) :]] == ([] if one else [True])
    assert winner.number == 0 if one else winner.final_fit


def test_if_that_training_fails_the_search_goes_on_with_the_time_that_is_left(store: Store) -> None:
    def evaluate(task: TrialTask) -> TrialResult:
        if task.final:
            return TrialResult(Outcome.FAILED, stage="train", reason="the loss became nan")
        return toy_evaluate(task)

    records = make_loop(store, evaluate=evaluate, first=FIRST, search=ONE, trials=4).run()
    assert [record.trial.outcome for record in records][:2] == [Outcome.FAILED, Outcome.COMPLETE]
    assert len(records) == 4
    assert trained_alone(records) == ""


@pytest.mark.parametrize("resumed", [False, True])
def test_it_is_reported_as_it_was_trained_and_not_trained_again(store: Store, resumed: bool) -> None:
    tasks: list[TrialTask] = []
    executor = Once(InlineExecutor(trained(tasks)), final_training)
    records = make_loop(store, executor=executor, first=FIRST, search=ONE).run()
    if resumed:
        executor = Once(InlineExecutor(trained(tasks)), final_training, stored_alone(store))
    selected = Selection(tuple(records), trained_alone(records))
    winner = choose(records, 2, executor, 1, store, TrialTermination(4), selected=selected)
    assert len(tasks) == 1
    assert (winner.number, winner.final_fit, winner.tflite, winner.note) == (0, True, b"final", "")
    assert winner.scores == toy_scores([2] * 6)
    assert winner.selection == TRAINED_ALONE


def test_a_cut_is_said_beside_its_figure(store: Store) -> None:
    def cut(task: TrialTask) -> TrialResult:
        scores = replace(toy_scores([2] * 6), cut="cut to 3 of 60 epochs by the time budget (budget.minutes)")
        return TrialResult(Outcome.COMPLETE, scores, tflite=b"final")

    executor = Once(InlineExecutor(cut), final_training)
    records = make_loop(store, executor=executor, first=FIRST, search=ONE).run()
    winner = choose(records, 1, executor, 1, store, TrialTermination(4))
    assert (winner.final_fit, winner.tflite) == (True, b"final")
    assert winner.note == "its only training was cut to 3 of 60 epochs by the time budget (budget.minutes)"


def test_nothing_is_known_of_an_ordinary_trial(store: Store) -> None:
    tasks: list[TrialTask] = []
    records = make_loop(store, evaluate=trained(tasks), first=FIRST, trials=2).run()
    assert stored_alone(store) == {}
    executor = Once(InlineExecutor(trained(tasks)), final_training, stored_alone(store))
    choose(records, 1, executor, 1, store, TrialTermination(4))
    assert [task.final for task in tasks] == [False, False, True]


def test_the_training_has_all_of_the_budget_but_the_start_and_the_end() -> None:
    task = TrialTask(0, [], "k")
    by_cpu = alone(task, CpuTimeTermination(2.0, lambda: 1.0, FinalFitConfig()))
    assert by_cpu.final
    assert (by_cpu.cpu_s, by_cpu.deadline_s) == (120.0 - 1.0 - FILES_CPU_S, None)
    assert by_cpu.run_clock is not None, "the start of the worker counts"
    assert by_cpu.hang_timeout_s == 10 * by_cpu.cpu_s
    by_wall = alone(task, WallTimeTermination(2.0, FinalFitConfig(), lambda: 1.0, closing_s=20.0))
    assert (by_wall.cpu_s, by_wall.deadline_s) == (None, 120.0 - 1.0 - 20.0 - 6.0)


@pytest.mark.parametrize(
    ("budget", "configured", "epochs"),
    [
        (SearchBudget(trials=9), None, 120),
        (SearchBudget(trials=9, minutes=2), None, 120),
        (SearchBudget(minutes=2), None, 360),
        (SearchBudget(cpu_minutes=2), None, 360),
        (SearchBudget(cpu_minutes=2), 40, 40),
    ],
)
def test_only_a_number_of_trials_shortens_the_final_training(
    budget: SearchBudget, configured: int | None, epochs: int
) -> None:
    config = SearchConfig(budget=budget, final_fit=FinalFitConfig(epochs=configured))
    assert final_epochs(config, Task.CLASSIFY) == epochs


@pytest.mark.parametrize(("configured", "epochs"), [(None, 120), (500, 500)])
def test_anomaly_detection_is_not_trained_longer(configured: int | None, epochs: int) -> None:
    config = SearchConfig(budget=SearchBudget(minutes=2), final_fit=FinalFitConfig(epochs=configured))
    assert final_epochs(config, Task.DETECT_ANOMALIES) == epochs
    assert final_epochs(config, Task.DETECT_ANOMALIES, alone=True) == epochs


def test_the_first_trial_is_alone_whichever_way_it_became_the_final_training(
    digits: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings of its training, also where an ordinary trial began in its place."""
    pytest.importorskip("tensorflow")
    asked: list[int] = []

    def final_fit(
        net: object, data: object, settings: FinalSettings, *rest: object, **more: object
    ) -> Estimate:
        asked.append(settings.epochs)
        raise SearchError("enough", remedy="none")

    monkeypatch.setattr("micronas.estimate.final_fit.final_fit", final_fit)
    task = TrialTask(0, digits.space.to_json(digits.first[0]), "k")
    final = alone(task, CpuTimeTermination(2.0, lambda: 1.0, FinalFitConfig()))
    for one in (final, replace(final, run_clock=None), replace(final, alone=False)):
        with pytest.raises(SearchError, match="enough"):
            estimate_task(one, digits.space, digits.config)
    assert asked == [360, 360, 120]


def test_it_cannot_be_rebuilt_and_pick_is_named(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {"board": {"name": "nucleo_f446re"}}) as store:
        store.begin_session()
        make_loop(store, evaluate=trained([]), first=FIRST, search=ONE).run()
        with pytest.raises(SearchError, match="cannot be repeated exactly") as caught:
            rebuild(store, 0, lambda text: None)
        assert "micronas pick" in str(caught.value.remedy)
