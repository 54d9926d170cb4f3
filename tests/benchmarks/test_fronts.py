"""The table of ``benchmarks/fronts`` is that of its cells, and its figures are those of the runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fronts.cells import ENTRIES, SEEDS, TASKS, TRIALS, Cell, cells
from benchmarks.fronts.first_child import first_child
from benchmarks.fronts.run import BEGIN, PAGE, RESULTS, figures, found_in, path_of, run, volume
from benchmarks.fronts.table import markdown
from benchmarks.search.run import with_tables
from micronas.config import load_config
from micronas.space import make_space
from micronas.store import Store
from micronas.strategy.nsga2 import Nsga2
from micronas.trial import Json
from tests.support.search_fakes import toy_scores


def test_the_committed_table_is_that_of_the_committed_cells() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page, markdown(found_in(RESULTS)), BEGIN) == page


def test_every_cell_is_a_valid_configuration_and_entries_of_a_task_differ_in_the_strategy_only() -> None:
    assert len({cell.name for cell in cells()}) == len(TASKS) * len(ENTRIES) * SEEDS
    for task in TASKS:
        configs = [load_config(TASKS[task], Cell(task, entry, 1).overrides) for entry in ENTRIES]
        assert all(config.budget.trials == TRIALS and config.device == "none" for config in configs)
        rest = [config.model_dump(exclude={"strategy"}) for config in configs]
        assert all(one == rest[0] for one in rest)


def test_wins_and_means_are_counted_over_all_tasks() -> None:
    found: dict[Cell, dict[str, Json]] = {
        Cell(task, entry, seed): {
            "hypervolume": 0.25 + 0.5 * (entry == "nsga2") - 0.25 * (entry == "nsga2_first")
        }
        for task in TASKS
        for entry in ("random", "nsga2", "nsga2_first")
        for seed in range(SEEDS)
    }
    lines = markdown(found).splitlines()
    assert "| random | 0.2500 | 0.2500 |  |  |  |" in lines
    assert f"| nsga2 | 0.7500 | 0.7500 | 8 of 8 | 1.000 | {2**-8:.3f} |" in lines
    assert f"| nsga2_first | 0.0000 | 0.0000 | 0 of 8 | {2**-8:.3f} | 1.000 |" in lines
    assert "| predictor_front | missing | missing | missing | missing | missing |" in lines
    assert lines[-1] == "16 of 40 cells are missing."


def test_the_volume_is_a_share_of_the_box() -> None:
    one = toy_scores([1] * 6)
    limits = (2 * (1 - one.quality_int8), 2 * one.flash_bytes, 2 * one.sram_bytes)
    assert volume([one], limits) == pytest.approx(1 / 8)
    assert volume([one, one], limits) == volume([one], limits)


def test_the_first_child_has_neither_a_predictor_nor_bytes() -> None:
    config = load_config(TASKS["digits"])
    strategy = first_child(make_space(config.space, (8, 8, 1), 10), 0, lambda arch: True)
    assert isinstance(strategy, Nsga2)
    assert (strategy._guide, strategy._bytes_of, strategy._size) == (None, None, TRIALS // 4)


def test_a_cell_is_one_search_whose_trials_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = {"budget.trials": 2, "estimator.epochs": 1}
    monkeypatch.setattr("benchmarks.fronts.cells.SHARED", {**Cell("digits", "random", 0).overrides, **shared})
    cell, kept = Cell("digits", "nsga2_first", 0), tmp_path / "kept"
    kept.mkdir()

    class Kept:
        def __enter__(self) -> str:
            return str(kept)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("benchmarks.fronts.run.tempfile.TemporaryDirectory", Kept)
    run(tmp_path, cell)
    stored = json.loads(path_of(tmp_path, cell).read_text())
    assert stored["trained"] == 2
    assert {**stored, **figures(kept / cell.name)} == stored
    with Store.read(kept / cell.name) as store:
        qualities = [r.trial.scores.quality_int8 for r in store.records() if r.trial.scores]
    assert stored["best_quality"] == max(qualities)
    assert 0 < stored["hypervolume"] < 1
