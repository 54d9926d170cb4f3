"""The cells and tables of ``benchmarks/search``: equal terms, means over seeds, and missing cells."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.search.cells import BUDGETS, HERE, SEARCHES, TASKS, Cell, cells
from benchmarks.search.keras_space import chosen
from benchmarks.search.overview import overview
from benchmarks.search.run import BEGIN, END, PAGES, found_in, main, path_of, with_tables
from benchmarks.search.table import markdown, missing_names
from micronas.config import SpaceConfig
from micronas.search.one_network import TRAINED_ALONE
from micronas.space import make_space
from micronas.strategy import STRATEGIES, spaces_of
from micronas.trial import Json


def result(test: float | None) -> dict[str, Json]:
    return {"test": test}


def test_figures_say_how_many_seeds_they_have_and_missing_cells_are_named() -> None:
    found = {
        Cell("photos", "default", 0): result(0.70),
        Cell("photos", "default", 2): result(0.74),
        Cell("photos", "by_hand", 0): result(0.69),
        Cell("photos", "by_hand_2", 0): result(0.71),
    }
    text = markdown(found)
    assert "| default | missing | 0.720 +- 0.028 (2 of 3 seeds; above by hand in 0 of 1) | missing |" in text
    assert "| by_hand | missing | 0.690 (1 of 3 seeds) |" in text
    count = len([*cells()])
    assert f"{count - 4} of {count} cells are missing" in text
    names = missing_names(found).splitlines()
    assert "photos-default-2min-1" in names
    assert "photos-default-2min-2" not in names
    assert len(names) == count - 4


def test_an_entry_without_a_network_that_fits_is_counted_and_not_missing() -> None:
    found = {
        Cell("photos", "optuna_tpe", 0): result(None),
        Cell("photos", "optuna_tpe", 1): result(0.5),
        Cell("digits", "optuna_tpe", 2): result(None),
    }
    row = next(line for line in markdown(found).splitlines() if line.startswith("| optuna_tpe"))
    assert "| 0.500 (1 of 3 seeds; no network in 1 of 3 seeds) |" in row
    assert "| no network in 1 of 3 seeds |" in row
    assert "digits-optuna_tpe-2min-2" not in missing_names(found).splitlines()


def test_a_search_that_trains_one_network_is_the_run_of_every_strategy() -> None:
    alone = {**result(0.7), "note": f"{TRAINED_ALONE}; a search needs about 5 CPU minutes"}
    found = {
        Cell("photos", "default", 0): alone,
        Cell("photos", "default", 1): alone,
        Cell("photos", "default", 2): result(0.72),  # this machine was faster
        Cell("photos", "nsga2", 0): result(0.71),
    }
    text, names = markdown(found), missing_names(found).splitlines()
    rows = {line.split(" | ")[0]: line for line in text.split("\n\n")[1].splitlines()}
    assert "| as default in 2 of 3 seeds |" in rows["| random"]
    assert "| 0.710 (1 of 3 seeds; as default in 1 of 3 seeds) |" in rows["| nsga2"]
    assert "| missing | missing |" in rows["| by_hand"], "by hand trains for all of the time, too, but runs"
    assert "| random | missing | same run |" in text
    assert "photos-random-2min-2" in names
    assert not {"photos-random-2min-0", "photos-random-2min-1", "photos-supernet-2min-1"} & {*names}
    assert f"{len(names)} of {len([*cells()])} cells are missing" in text


@pytest.mark.parametrize("named", [True, False])
def test_such_a_cell_runs_only_if_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: bool
) -> None:
    ran: list[str] = []

    def run(out: Path, cell: Cell) -> None:
        note = TRAINED_ALONE if cell.entry == "default" else ""
        path_of(out, cell).write_text(json.dumps({**result(0.7), "note": note}), encoding="utf-8")
        ran.append(cell.name)

    monkeypatch.setattr("benchmarks.search.run.run", run)
    only = ("--cell", "photos-default-2min-0", "--cell", "photos-random-2min-0") if named else ()
    monkeypatch.setattr("sys.argv", ["run", "--out", str(tmp_path), *only])
    main()
    assert ("photos-random-2min-0" in ran) is named
    assert "photos-default-2min-0" in ran


def test_the_page_keeps_what_is_around_its_tables() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_tables(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize(
    ("page", "results"), [("README.md", "results"), ("slower_machine.md", "results_28_november")]
)
def test_the_committed_table_is_that_of_the_committed_results(page: str, results: str) -> None:
    assert markdown(found_in(HERE / results)) in (HERE / page).read_text(encoding="utf-8")


def test_the_committed_pages_have_the_tables_of_the_committed_results() -> None:
    found = found_in(HERE / "results")
    for page, tables in PAGES.items():
        assert f"{BEGIN}\n{tables(found)}\n{END}" in page.read_text(encoding="utf-8"), page.name


def test_the_short_table_marks_the_best_and_says_what_is_incomplete() -> None:
    alone = {**result(0.72), "note": TRAINED_ALONE}
    found = {
        **{Cell("motion", "default", seed): result(0.9) for seed in range(3)},
        **{Cell("motion", "by_hand", seed): result(0.91 + seed / 100) for seed in range(3)},
        Cell("motion", "optuna_tpe", 0): result(0.8),
        **{Cell("photos", "default", seed): alone for seed in range(3)},
        Cell("photos", "optuna_tpe", 0): result(None),
    }
    rows = {line.split(" | ")[0]: line for line in overview(found).split("\n\n")[1].splitlines()}
    assert rows["| default search"].startswith("| default search | .900 +- .000 | **.720** +- .000 |")
    assert rows["| by hand, no search"].startswith("| by hand, no search | **.920** +- .010 | missing |")
    assert rows["| optuna TPE"].startswith("| optuna TPE | .800 (1 seed) | none found | missing |")
    assert rows["| random search"].startswith("| random search | missing | as default | missing |")


def test_a_budget_of_which_nothing_ran_has_no_table() -> None:
    text = markdown({Cell("photos", "default", 0): result(0.7)})
    assert "At 6 CPU minutes, no cell has run: missing." in text


def test_a_complete_table_names_nothing() -> None:
    assert "missing" not in markdown({cell: result(0.5) for cell in cells()})


def test_every_strategy_is_an_entry_on_every_task_whose_space_it_searches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MICRONAS_DATA", "/nowhere")
    spaces = {task: Cell(task, "default", 0).config.space.name for task in TASKS}
    searched = {(task, name) for name in STRATEGIES for task in TASKS if spaces[task] in spaces_of(name)}
    assert {(c.task, SEARCHES[c.entry]) for c in cells() if c.entry in SEARCHES} == searched
    assert {name for name in STRATEGIES if not any(one == name for _, one in searched)} == {"darts"}
    assert "| dnas | missing | missing | missing | missing | - |" in markdown(
        {Cell("photos", "default", 0): result(0.7)}
    )


def test_every_cell_has_a_name_and_all_of_a_task_have_equal_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICRONAS_DATA", "/nowhere")
    assert max(Counter(cell.name for cell in cells()).values()) == 1
    for task in TASKS:
        configs = [Cell(task, entry, 1).config for entry in BUDGETS[2.0][0]]
        same = ("data", "space", "constraints", "reward", "budget", "final_fit", "runtime", "seed", "workers")
        for name in same:
            assert all(getattr(config, name) == getattr(configs[0], name) for config in configs), name
        assert configs[0].budget.cpu_minutes == 2.0
        assert configs[0].constraints.latency_ms is None


@pytest.mark.parametrize(("name", "shape"), [("layerwise", (32, 32, 3)), ("autoencoder", (64, 1, 1))])
def test_other_tools_choose_among_the_same_networks(name: str, shape: tuple[int, ...]) -> None:
    space = make_space(SpaceConfig(name=name), shape, 10)
    rng = np.random.default_rng(0)
    drawn = {space.key(chosen(space, lambda _, options: rng.choice(list(options)).item())) for _ in range(50)}
    assert len(drawn) > 40
    low = chosen(space, lambda _, options: next(iter(options)))
    assert space.from_json(space.to_json(low)) == low
