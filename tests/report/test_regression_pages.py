"""A regression in the report, the model card and the terminal: its errors, and nothing of classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.cli.quality_text import quality_on_test, quality_rows
from micronas.config import DataConfig, parse_config
from micronas.data import Dataset, load
from micronas.data.front_end.file import front_end_file
from micronas.estimate.interval import Interval
from micronas.estimate.target_errors import TargetErrors
from micronas.model.front_end import from_json, to_json
from micronas.report.model_card import card_json, card_markdown
from micronas.report.page import render
from micronas.report.run_data import RunData, read_run
from micronas.store import Final, Store
from micronas.store.deployment_figures import DeploymentFigures
from micronas.store.final_figures import ERRORS, FinalFigures, figures_from_json
from micronas.store.stored_setup import FRONT_END_FACT, stored_target
from micronas.trial import Scores
from tests.support.report_run import make_run

OVER = "bootstrap over 6 groups"
ERRORS_FOUND = TargetErrors(
    "speed", "km/h", 150, 0.4239, 0.5145, 0.9026,
    Interval(0.3273, 0.5205, OVER), Interval(0.4114, 0.6001, OVER), Interval(0.85, 0.93, OVER), 1.423, 1.649,
)  # fmt: skip
SCORES = Scores(0.91, 0.92, 24_000, 6_000, 115_944, 9_121, None, 0.91, 20, 3.0, mae=0.3661, rmse=0.466)
FIGURES = FinalFigures(
    1, "key", True, 0.9026, 150, SCORES, DeploymentFigures(), {}, "R2", errors=ERRORS_FOUND
)


@pytest.fixture(scope="module")
def walking() -> Dataset:
    return load(DataConfig(name="walking_speed"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, walking: Dataset) -> RunData:
    with Store.read(make_run(tmp_path_factory.mktemp("runs") / "run")) as store:
        made = read_run(store)
    assert made.final is not None
    first, *others = made.records
    assert first.trial.scores is not None
    scores = replace(first.trial.scores, mae=0.3661, rmse=0.466)
    result = {**made.final.result, "confusion": None, "rejection": None, ERRORS: ERRORS_FOUND.to_json()}
    return replace(
        made,
        class_names=(),
        majority_baseline=0.0,
        target=walking.target,
        records=(replace(first, trial=replace(first.trial, scores=scores)), *others),
        final=Final(result, made.final.tflite),
    )


def test_the_page_has_both_errors_with_intervals_and_what_they_have_to_beat(run: RunData) -> None:
    page = render(run, Path("report.html"))
    assert run.figure == "R2"
    assert "Errors on the test split" in page
    for part in ("0.4239", "0.3273 to 0.5205", "1.423", "0.5145", "0.4114 to 0.6001", "1.649", OVER, "km/h"):
        assert part in page
    assert "always the mean 0.0 %" in page
    assert ">MAE<" in page.replace("\n", "")
    assert "0.3661" in page
    for part in ("majority class", "Balanced accuracy", 'id="confusion"'):
        assert part not in page


def test_other_pages_have_no_columns_of_errors(run: RunData) -> None:
    trials = tuple(
        replace(r, trial=replace(r.trial, scores=replace(r.trial.scores, mae=None, rmse=None)))
        if r.trial.scores
        else r
        for r in run.records
    )
    assert run.final is not None
    final = Final({**run.final.result, ERRORS: None}, run.final.tflite)
    page = render(replace(run, target=None, records=trials, final=final), Path("report.html"))
    for part in ("speed, MAE", ">MAE<", "Errors on the test split", "R2, int8"):
        assert part not in page.replace("\n", "")


def test_the_model_card_has_the_errors_and_how_to_read_the_output(walking: Dataset) -> None:
    config = parse_config({"board": "nucleo_f446re", "data": {"name": "walking_speed"}})
    test = walking.test.unseal("a test")
    board = load_board("nucleo_f446re")
    card = card_json(FIGURES, walking, test, config, Path("runs/w-1"), board, ERRORS_FOUND.r2_interval)
    text = card_markdown(card)
    assert "| mean absolute error | 0.4239 | 0.3273 to 0.5205 | 1.423 |" in text
    assert "| test, int8 | 90.3 % of 150, 95 % interval 85.0 % to 93.0 %" in text
    assert "(speed - 4.01076) / 1.73537" in text
    assert "most frequent class" not in text
    assert card["classes"] == []
    quality = card["quality"]
    assert isinstance(quality, dict)
    assert quality["majority_baseline"] is None


def test_only_an_accuracy_is_a_share_of_the_samples() -> None:
    assert quality_on_test(FIGURES) == "90.3 %, on 150 samples"
    assert quality_on_test(replace(FIGURES, figure="accuracy")) == "90.3 % of 150"


def test_the_terminal_states_both_errors_in_the_unit() -> None:
    rows = dict(quality_rows(FIGURES))
    assert rows["MAE, int8, test"] == "0.4239 km/h (95 %: 0.3273 to 0.5205); always the mean: 1.423"
    assert rows["RMSE, int8, test"] == "0.5145 km/h (95 %: 0.4114 to 0.6001); always the mean: 1.649"
    assert "validation - test" not in rows


def test_results_and_files_keep_the_target_and_the_errors(walking: Dataset, tmp_path: Path) -> None:
    assert figures_from_json(FIGURES.to_json()) == FIGURES
    file = front_end_file(walking)
    assert from_json(to_json(file), "a test").target == walking.target
    facts = {"config": {}, "board": {}, "seed": 0, "class_names": [], "majority_baseline": 0.0}
    with Store.create(tmp_path / "run", {**facts, FRONT_END_FACT: to_json(file)}) as store:
        assert stored_target(store) == walking.target
    with Store.create(tmp_path / "old", dict(facts)) as store:
        assert stored_target(store) is None
    assert np.isclose(walking.target.spread if walking.target else 0.0, 1.7353710363699844)
