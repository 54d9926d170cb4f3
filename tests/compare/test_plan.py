"""What may be compared, and that a comparison's folder holds one plan, which may grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from micronas.compare.budget import ComparisonBudget, Unit, budget_of, parse_budget
from micronas.compare.entry import Entry, parse_entries
from micronas.compare.plan import PLAN, make_plan, open_plan
from micronas.config import SearchBudget, parse_config
from micronas.errors import ConfigError, StoreError
from micronas.estimate import ESTIMATORS, estimators_of
from micronas.strategy import STRATEGIES, searcher
from tests.support.compare_fakes import CONFIG, toy_plan


@pytest.mark.parametrize(
    ("text", "expected", "key"),
    [
        ("10min", ComparisonBudget(10.0, Unit.WALL), "minutes"),
        ("40trials", ComparisonBudget(40.0, Unit.TRIALS), "trials"),
        ("6cpu-min", ComparisonBudget(6.0, Unit.CPU), "cpu_minutes"),
        (" 0.5 cpu-min ", ComparisonBudget(0.5, Unit.CPU), "cpu_minutes"),
    ],
)
def test_budgets_are_read_with_their_unit(text: str, expected: ComparisonBudget, key: str) -> None:
    budget = parse_budget(text)
    assert (budget, budget.config_key) == (expected, key)
    assert parse_budget(str(budget)) == budget


@pytest.mark.parametrize(
    "text", ["10", "ten min", "10 hours", "-3min", "0trials", "1.5trials", "0cpu-min", ""]
)
def test_other_budgets_are_refused_in_one_plain_message(text: str) -> None:
    with pytest.raises(ConfigError, match="--budget"):
        parse_budget(text)


def test_the_configurations_own_budget_must_be_one() -> None:
    assert budget_of(SearchBudget(cpu_minutes=2)) == ComparisonBudget(2.0, Unit.CPU)
    with pytest.raises(ConfigError, match="several ways"):
        budget_of(SearchBudget(trials=3, minutes=1))


def test_random_search_and_the_baseline_network_always_take_part() -> None:
    names = [c.name for c in parse_entries("nsga2, aging_evolution+halving", CONFIG)]
    assert names == ["no_search", "random", "nsga2", "aging_evolution+halving"]


@pytest.mark.parametrize(
    ("text", "complaint", "remedy"),
    [
        ("randm", "unknown strategy 'randm'", "did you mean 'random'?"),
        ("nsga2+halvin", "unknown estimator 'halvin'", "did you mean 'halving'?"),
        ("no_search+short", "no_search does not search", "remove it"),
        ("darts", "strategy darts does not work on space layerwise", "its spaces: cell"),
        ("nsga2,nsga2", "names nsga2 more than once", None),
        (" , ", "item 1 of 2 is empty", "for example"),
    ],
)
def test_contenders_that_cannot_compete_are_refused(text: str, complaint: str, remedy: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_entries(text, CONFIG)
    assert complaint in caught.value.message
    assert (remedy is None) or remedy in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("text", "changes", "complaint"),
    [
        ("random,random+train", {}, "random and random+train are the same search"),
        ("nsga2+train,nsga2", {}, "nsga2+train and nsga2 are the same search"),
        ("random+train", {}, "random and random+train are the same search"),
        ("dnas", {"estimator": {"name": "supernet"}}, "supernet does not work with strategy dnas"),
        ("darts+supernet", {"space": {"name": "cell"}}, "darts trains its own supernet"),
        ("dnas", {"estimator": {"prefilter": {}}}, "estimator.prefilter has no proposals to choose from"),
    ],
)
def test_what_a_search_would_refuse_is_refused_by_name(
    text: str, changes: dict[str, object], complaint: str
) -> None:
    config = parse_config({**CONFIG.model_dump(mode="json"), **changes})
    with pytest.raises(ConfigError) as caught:
        parse_entries(text, config)
    assert complaint in caught.value.message
    assert caught.value.remedy


def test_every_pair_that_search_takes_is_a_contender() -> None:
    config = parse_config({**CONFIG.model_dump(mode="json"), "space": {"name": "layerwise"}})
    for strategy in STRATEGIES:
        for estimator in ESTIMATORS:
            works = estimator in estimators_of(searcher(strategy), "layerwise")
            if (strategy, estimator) == ("random", "train"):
                continue  # the baseline by another name
            if works:
                assert Entry(strategy, estimator) in parse_entries(f"{strategy}+{estimator}", config)
            else:
                with pytest.raises(ConfigError, match=strategy):
                    parse_entries(f"{strategy}+{estimator}", config)


def test_no_seeds_are_refused() -> None:
    with pytest.raises(ConfigError, match="--seeds 0: must be 1 or more"):
        toy_plan(seeds=0)


def test_every_contender_gets_the_same_budget_and_every_seed() -> None:
    runs = toy_plan("random,nsga2+halving", seeds=2, budget="3cpu-min").runs()
    assert [r.name for r in runs[:3]] == ["no_search-seed0", "random-seed0", "nsga2+halving-seed0"]
    assert [r.config.seed for r in runs] == [0, 0, 0, 1, 1, 1]
    assert {r.config.budget.cpu_minutes for r in runs} == {3.0}
    assert [r.config.budget.trials for r in runs[:3]] == [1, None, None]
    assert runs[2].config.estimator.name == "halving"
    assert runs[2].config.strategy.name == "nsga2"
    rest = [r.config.model_dump(exclude={"seed", "strategy", "estimator", "budget"}) for r in runs]
    assert rest == [rest[0]] * len(rest)


def test_a_folder_keeps_its_plan_and_lets_it_grow(tmp_path: Path) -> None:
    first = toy_plan("random", seeds=1)
    assert open_plan(tmp_path / "c", first) == first
    assert open_plan(tmp_path / "c", None) == first
    grown = open_plan(tmp_path / "c", toy_plan("nsga2", seeds=3))
    assert [c.name for c in grown.entries] == ["no_search", "random", "nsga2"]
    assert grown.seeds == 3
    assert open_plan(tmp_path / "c", first) == grown, "asking for less takes nothing away"


def test_another_task_or_budget_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    open_plan(tmp_path, toy_plan())
    with pytest.raises(ConfigError, match="another budget 12trials, not 13trials"):
        open_plan(tmp_path, toy_plan(budget="13trials"))
    other = parse_config({**CONFIG.model_dump(mode="json"), "constraints": {"flash_kb": 8}})
    with pytest.raises(ConfigError, match="another configuration"):
        open_plan(tmp_path, replace(toy_plan(), config=other))


def test_a_missing_or_damaged_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no comparison in"):
        open_plan(tmp_path, None)
    (tmp_path / PLAN).write_text("{")
    with pytest.raises(StoreError, match=r"plan\.json is damaged"):
        open_plan(tmp_path, None)


def test_the_command_makes_the_same_plan_again() -> None:
    words = ("search_configs/mnist5k.yaml", "--set", "final_fit.epochs=3")
    plan = make_plan(CONFIG, (Entry("random"),), 2, parse_budget("5trials"), words)
    assert plan.command == (
        "micronas compare search_configs/mnist5k.yaml --set final_fit.epochs=3 "
        "--strategies random --seeds 2 --budget 5trials"
    )


def test_a_task_for_several_boards_says_whose_figures_are_compared() -> None:
    one = toy_plan()
    assert one.board_words == str(CONFIG.board)
    two = replace(one, config=CONFIG.model_copy(update={"board": "a", "other_boards": ("b", "c")}))
    assert two.board_words == "a (its figures; the tables by board also have b, c)"
