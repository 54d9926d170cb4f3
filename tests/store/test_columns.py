"""The columns of a trial: declared once, and shown alike in the terminal, the report and trials.csv."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from micronas.board import load_board
from micronas.cli.progress import LiveProgress, trial_cells
from micronas.config import SearchConfig
from micronas.report import write_report
from micronas.store import Record, Store, columns
from micronas.store.columns import COLUMNS, NARROW, Column, csv_text, page_columns, terminal_columns
from micronas.trial import Latency, Outcome, Scores, Source, Trial, scores_from_json, scores_to_json

LATENCY = Latency(3.456, Source.EMULATED, instructions=312_000, core="cortex-m4", clock_hz=180_000_000)
SCORES = Scores(
    quality_int8=0.9876,
    quality_float=0.99,
    flash_bytes=12_800,
    sram_bytes=5_120,
    macs=123_456,
    parameters=9_000,
    latency=LATENCY,
    reward=0.98765,
    epochs=5,
    train_cpu_s=2.25,
)
DONE = Trial(7, [1], "k7", Outcome.COMPLETE, SCORES, origin="strategy")
REASON = "0.5 KB over the SRAM budget, in CONV_2D with output 28 x 28 x 16, and flash is full"
REFUSED = Trial(8, [2], "k8", Outcome.INFEASIBLE, reason=REASON, stage="budget", origin="strategy")


def parameters_column() -> Column:
    """What a new figure takes."""
    return Column(
        "parameters",
        "weights",
        lambda trial: trial.scores.parameters if trial.scores else None,
        lambda trial: f"{trial.scores.parameters} w" if trial.scores else "",
        page=True,
        terminal=NARROW,
        width=8,
    )


def test_a_cut_training_is_shown_as_such_with_its_reason_wherever_trials_are() -> None:
    reason = "cut after 3 of 8 epochs by estimator.trial_deadline_s (120 s of CPU time)"
    cut = replace(DONE, scores=replace(SCORES, cut=reason))
    shown = {column.key: column.text(cut) for column in page_columns()}
    assert (shown["outcome"], shown["reason"], shown["trial"]) == ("cut", reason, "7")
    assert "cut" in trial_cells(cut, terminal_columns(NARROW))
    (row,) = csv.DictReader(io.StringIO(csv_text([Record(cut, {})])))
    assert (row["outcome"], row["reason"]) == ("CUT", reason)


def test_fewer_epochs_than_configured_and_a_drop_to_int8_are_shown_too() -> None:
    planned = "planned for 3 of 8 epochs to fit into estimator.trial_deadline_s"
    scores = replace(SCORES, shortened=planned, quality_float=0.9, quality_int8=0.85)
    shown = {column.key: column.text(replace(DONE, scores=scores)) for column in page_columns()}
    assert shown["outcome"] == "short"
    assert shown["reason"] == f"{planned}; int8 is 5.0 points below float"
    assert scores_from_json(scores_to_json(scores)) == scores
    assert replace(SCORES, quality_float=0.86, quality_int8=0.85).int8_drop == ""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    facts = {
        "config": SearchConfig(board="nucleo_f446re").model_dump(mode="json"),
        "board": load_board("nucleo_f446re").model_dump(mode="json"),
        "class_names": ["a", "b"],
        "majority_baseline": 0.5,
    }
    with Store.create(tmp_path / "run", facts) as store:
        store.begin_session()
        for trial in (DONE, REFUSED):
            store.add(Record(trial, {}))
        yield store


def page_table(page: str) -> list[list[str]]:
    """Cells of the table of trials."""
    table = page[page.index('<table id="trials"') :].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", re.sub("</?button[^>]*>", "", table), re.S)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def embedded_csv(page: str) -> list[dict[str, str]]:
    (text,) = re.findall(r'download="trials.csv" href="data:text/csv;base64,([^"]*)"', page) or [""]
    return list(csv.DictReader(io.StringIO(base64.b64decode(text).decode())))


def live_text(width: int) -> str:
    """What the panel shows of both trials in a terminal of ``width`` characters."""
    progress = LiveProgress("AUC")
    progress._console = Console(width=width)
    progress._latest = (Record(DONE, {}), Record(REFUSED, {}))
    out = Console(width=width, file=io.StringIO())
    out.print(progress._panel())
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_narrow_terminal_shows_what_matters_and_a_wide_one_more() -> None:
    cells = ["7", "complete", "98.8 %", "12.5 KB", "5.0 KB", "3.46 ms emulated", "0.9877"]
    assert trial_cells(DONE, terminal_columns(NARROW)) == cells
    assert terminal_columns(40) == terminal_columns(NARROW), "nothing is left out of a tiny one"
    wide = [column.key for column in terminal_columns(120)]
    assert set(wide) - {column.key for column in terminal_columns(NARROW)} == {"origin", "macs"}
    shown = terminal_columns(NARROW)
    assert sum(column.width for column in shown) + len(shown) - 1 <= NARROW


def test_the_reason_stands_where_the_figures_would() -> None:
    short = REASON[:57] + "..."
    assert trial_cells(REFUSED, terminal_columns(NARROW)) == ["8", "infeasible", short, "", "", "", ""]
    assert trial_cells(REFUSED, terminal_columns(120))[:4] == ["8", "infeasible", "strategy", short]


def test_no_device_is_said_and_not_left_empty() -> None:
    trial = replace(DONE, scores=replace(SCORES, latency=None))
    assert "not run" in trial_cells(trial, terminal_columns(NARROW))
    (row,) = csv.DictReader(io.StringIO(csv_text([Record(trial, {})])))
    assert (row["latency_ms"], row["latency_source"], row["instructions"]) == ("", "", "")


def test_the_csv_has_every_figure_as_it_is_stored() -> None:
    done, refused = csv.DictReader(io.StringIO(csv_text([Record(DONE, {}), Record(REFUSED, {})])))
    assert done == {
        "trial": "7",
        "outcome": "COMPLETE",
        "origin": "strategy",
        "quality_int8": "0.9876",
        "quality_float": "0.99",
        "mae": "",
        "rmse": "",
        "flash_bytes": "12800",
        "sram_bytes": "5120",
        "latency_ms": "3.456",
        "latency_source": "emulated",
        "instructions": "312000",
        "macs": "123456",
        "reward": "0.98765",
        "epochs": "5",
        "train_cpu_s": "2.25",
        "reason": "",
    }
    assert {key for key, value in refused.items() if value} == {"trial", "outcome", "origin", "reason"}
    assert refused["reason"] == REASON


def test_the_page_has_its_columns_with_each_latency_s_source(store: Store) -> None:
    header, done, refused = page_table(write_report(store).read_text(encoding="utf-8"))
    assert header == [
        *("trial", "outcome", "origin", "accuracy", "flash", "SRAM", "latency", "MACs", "reward", "reason")
    ]
    assert done[3:] == ["98.8 %", "12.5 KB", "5.0 KB", "3.46 ms emulated", "123,456", "0.9877", ""]
    assert refused == ["8", "infeasible", "strategy", *[""] * 6, f"budget: {REASON}"]


def test_the_live_panel_fits_a_narrow_terminal_and_names_the_figure_of_merit() -> None:
    text = live_text(NARROW)
    assert "AUC" in text
    assert "0.9877" in text
    assert REASON[:50] in text, "a long reason takes no room from the figures"
    assert max(map(len, text.splitlines())) <= NARROW
    assert "123,456" not in text
    assert "123,456" in live_text(140)


def test_one_more_column_is_one_entry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page, table or file has a list of its own."""
    monkeypatch.setattr(columns, "COLUMNS", (*COLUMNS, parameters_column()))
    page = write_report(store).read_text(encoding="utf-8")
    assert [row[-1] for row in page_table(page)] == ["weights", "9000 w", ""]
    assert [row["parameters"] for row in embedded_csv(page)] == ["9000", ""]
    assert "9000 w" in live_text(NARROW + 20)


def test_keys_are_unique_and_every_table_has_some() -> None:
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)
    assert page_columns()
    assert all(column.width for column in terminal_columns(1000))
