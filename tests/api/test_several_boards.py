"""One search for two boards, with trainings that take no time: a winner, a front and files for each."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import micronas as mn
from micronas.board import load_board
from micronas.cli.app import app
from micronas.cli.export_results import export_results
from micronas.cli.progress import on_others
from micronas.cli.run_tables import print_boards
from micronas.cli.runs import runs as list_runs
from micronas.cli.show import show
from micronas.config import load_config
from micronas.memory.ledger import board_budget, make_ledger
from micronas.model.tflite import read
from micronas.search import stored_setup
from micronas.search.fine_tune import tuning_setup
from micronas.search.workers import search_executor as workers
from micronas.store import Store
from micronas.store.overview import overviews
from micronas.trial import Outcome
from tests.support import untrained_search
from tests.support.json_page import require_documented, sections

FIRST, OTHER = "stm32vldiscovery", "nucleo_f446re"
OUTCOMES = "complete", "infeasible", "failed"
CONFIG = {
    "data": {"name": "digits"},
    "space": {"max_blocks": 3, "max_width": 64},
    "final_fit": {"candidates": 1},
    "device": "none",
    "workers": 1,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "make_evaluator", untrained_search.make_evaluator)
        patch.setattr(workers, "WORKER_IMAGE", untrained_search.IMAGE)
        mn.search(CONFIG, board=[FIRST, OTHER], budget=mn.Budget(trials=6), run="two", runs=runs)
    return runs / "two"


@pytest.fixture(scope="module")
def result(run: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((run / "result.json").read_text())
    return loaded


def test_each_board_has_a_winner_within_its_own_limits(run: Path, result: dict[str, Any]) -> None:
    require_documented_boards(result)
    assert [one["board"] for one in result["boards"]] == [FIRST, OTHER]
    for one, folder in zip(result["boards"], (run / "best", run / "boards" / OTHER), strict=True):
        board, best = load_board(one["board"]), one["best"]
        assert Path(best["files"]["tflite"]) == folder / "model.tflite"
        ledger = make_ledger(read(folder / "model.tflite"), board)
        assert (ledger.flash_bytes, ledger.sram_bytes) == (best["flash_bytes"], best["sram_bytes"])
        assert ledger.flash_bytes <= board_budget(board).flash_bytes
        assert (folder / "c" / "mn_model.c").is_file()
        assert one["front"]
    small, large = (one["best"] for one in result["boards"])
    assert result["best"] == small
    # The made-up quality rises with the multiplications, and only the larger board has room for the most.
    assert large["trial"] != small["trial"]
    assert large["flash_bytes"] > board_budget(load_board(FIRST)).flash_bytes


def require_documented_boards(result: dict[str, Any]) -> None:
    """Networks that were not trained lack most of a result; what this search is about must be there."""
    require_documented("search", result, absent=sections()["search"].promised - {"board", "front"})


def test_the_report_and_the_terminal_show_a_front_for_each(
    run: Path, result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    page = (run / "report.html").read_text()
    assert f'id="board-{OTHER}"' in page
    assert f"{OTHER}_model.tflite" in page
    with Store.read(run) as store:
        final = store.final()
        assert final is not None
        print_boards(store, final)
        unusable = next(r for r in store.records() if r.trial.outcome is Outcome.INFEASIBLE)
    text = capsys.readouterr().out
    for one in result["boards"]:
        assert f"{one['board']}: Pareto front of the trials" in text
        assert f"reported: trial {one['best']['trial']}," in text
    (text,) = on_others(unusable, (OTHER,))
    assert text.startswith(f"{OTHER} ")
    assert text.endswith(" %")


def test_runs_and_show_name_every_board(
    run: Path, result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    best = {one["board"]: one["best"]["trial"] for one in result["boards"]}
    (found,) = overviews(run.parent)
    assert {one.board: one.best_trial for one in found.boards} == best
    list_runs(run.parent)
    lines = [line for line in capsys.readouterr().out.splitlines() if FIRST in line or OTHER in line]
    assert len(lines) == 2
    list_runs(run.parent, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    require_documented("runs", listed)
    assert {one["board"]: one["best"]["trial"] for one in listed[0]["boards"]} == best
    show(run, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert [one["front"] for one in shown["boards"]] == [sorted(one["front"]) for one in result["boards"]]
    assert shown["trials"] == shown["boards"][0]["trials"]
    show(run)
    text = capsys.readouterr().out
    assert text.index(FIRST) < text.index(OTHER)
    show(run, best[OTHER], as_json=True)
    trial = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in trial["boards"]] == ["INFEASIBLE", "COMPLETE"]
    show(run, best[OTHER])
    text = capsys.readouterr().out
    assert f"on {FIRST}" in text
    assert f"on {OTHER}" in text


def test_exported_results_hold_every_board(run: Path, result: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    pytest.importorskip("tensorboardX")
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    export_results(
        run, csv=tmp_path / "t.csv", json=tmp_path / "t.json", tensorboard=tmp_path / "tb", optuna=storage
    )
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    trials = json.loads((tmp_path / "t.json").read_text())["trials"]
    assert len(rows) == len(trials) == 2 * sum(result["boards"][0]["trials"][k] for k in OUTCOMES)
    for one in result["boards"]:
        row = next(r for r in rows if (r["board"], r["trial"]) == (one["board"], str(one["best"]["trial"])))
        assert int(row["flash_bytes"]) == one["best"]["flash_bytes"]
        assert list((tmp_path / "tb" / one["board"]).rglob("events.out.tfevents.*"))
        study = optuna_study(storage, f"two on {one['board']}")
        states = Counter(trial.state.name for trial in study.trials)
        assert states["COMPLETE"] == one["trials"]["complete"]


def optuna_study(storage: str, name: str) -> Any:
    import optuna

    return optuna.load_study(study_name=name, storage=storage)


def test_it_resumes_with_the_boards_that_it_began_with(run: Path) -> None:
    with Store.resume(run) as store:
        setup = stored_setup(store)
    assert list(setup.boards) == [FIRST, OTHER]
    assert setup.boards[OTHER].first == setup.first
    assert setup.boards[OTHER].budget == board_budget(load_board(OTHER))


def test_a_network_is_picked_for_the_board_on_which_it_is_usable(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "make_evaluator", untrained_search.make_evaluator)
    monkeypatch.setattr(workers, "WORKER_IMAGE", untrained_search.IMAGE)
    with Store.read(run) as store:
        number = next(r.trial.number for r in store.records() if r.trial.outcome is Outcome.INFEASIBLE)
    with pytest.raises(mn.MicronasError, match="has no network to build") as caught:
        mn.pick(run, number)
    assert caught.value.remedy == f"it is usable on another board of this run: add --board {OTHER}"
    with pytest.raises(mn.MicronasError, match="run two is not for board netduino2") as caught:
        mn.pick(run, number, board="netduino2")
    assert caught.value.remedy == f"its boards: {FIRST}, {OTHER}"
    picked = mn.pick(run, number, board=OTHER)
    assert picked.files["tflite"] == run / "picks" / f"trial-{number}-{OTHER}" / "model.tflite"


def test_a_run_has_the_figures_of_the_board_that_is_asked_for(run: Path, result: dict[str, Any]) -> None:
    first, other = mn.open_run(run), mn.open_run(run, board=OTHER)
    small, large = (one["best"] for one in result["boards"])
    assert (first.best.trial, other.best.trial) == (small["trial"], large["trial"])
    assert other.best.files["tflite"] == run / "boards" / OTHER / "model.tflite"
    usable = [int((one.trials["outcome"] == "COMPLETE").sum()) for one in (first, other)]
    assert usable[0] < usable[1]
    with pytest.raises(mn.MicronasError, match="run two is not for board netduino2"):
        mn.open_run(run, board="netduino2")


def test_every_verb_of_a_run_says_whose_figures_it_has(run: Path, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["show", str(run)])
    assert shown.stdout.index(FIRST) < shown.stdout.index(OTHER)
    others = CliRunner().invoke(app, ["show", str(run), "--board", OTHER])
    assert f"figures of {OTHER}, one of 2 boards" in others.stderr
    assert f"--board {OTHER}    # one trial in full" in others.stdout
    for board, least in ((FIRST, 1), (OTHER, 2)):
        words = ["export-results", str(run), "--csv", str(tmp_path / f"{board}.csv"), "--board", board]
        assert CliRunner().invoke(app, words).exit_code == 0
        assert (tmp_path / f"{board}.csv").read_text().count("COMPLETE") >= least
    counts = [(tmp_path / f"{board}.csv").read_text().count("COMPLETE") for board in (FIRST, OTHER)]
    assert counts[0] < counts[1]
    picture = ["report", str(run), "--out", str(tmp_path / "r.html"), "--picture", str(tmp_path / "p.png")]
    assert f"figures of {FIRST}, one of 2 boards of this run; not of {OTHER}" in (
        CliRunner().invoke(app, picture).stderr
    )


@pytest.mark.parametrize("words", [["show"], ["pick", "0"], ["rebuild", "0"], ["fine-tune", "0"]])
def test_a_board_that_the_run_is_not_for_is_refused_with_its_boards(run: Path, words: list[str]) -> None:
    verb, *trial = words
    epochs = ["--epochs", "1"] if verb == "fine-tune" else []
    done = CliRunner().invoke(app, [verb, str(run), *trial, *epochs, "--board", "netduino2"])
    assert isinstance(done.exception, mn.MicronasError)
    assert done.exception.message == "run two is not for board netduino2"
    assert done.exception.remedy == f"its boards: {FIRST}, {OTHER}"


def test_fine_tuning_is_set_up_for_the_board_that_is_asked_for(run: Path) -> None:
    with Store.read(run) as store:
        assert tuning_setup(store).board.name == FIRST
        setup = tuning_setup(store, board=OTHER)
    assert setup.board.name == OTHER
    assert setup.budget == board_budget(load_board(OTHER))


def test_boards_of_a_file_are_found_beside_it_and_named_once(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    config = tmp_path / "mine" / "two.yaml"
    config.write_text(f"board: {FIRST}\nother_boards: [./own.yaml, {OTHER}]\n")
    assert load_config(config).other_boards == (str(config.parent / "own.yaml"), OTHER)
    with pytest.raises(mn.MicronasError, match=f"board {FIRST} is named more than once"):
        mn.search(CONFIG, board=[FIRST, FIRST], runs=tmp_path)
