"""A comparison for several boards: each board has its limits, its best reward and its winners."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micronas.cli import output
from micronas.cli.compare import _print_results
from micronas.compare.files import write_files
from micronas.compare.plan import open_plan
from micronas.compare.results import Results
from micronas.compare.run import read_results, run_all
from micronas.compare.table import board_limits, board_rows, board_run_rows, run_rows
from micronas.config import parse_config
from tests.support.compare_fakes import ToyRuns, silent, toy_plan
from tests.support.json_page import require_documented
from tests.support.terminal import COLUMNS

SMALL = "nucleo_f103rb"
CONFIG = parse_config(
    {
        "board": "nucleo_f446re",
        "other_boards": [SMALL],
        "constraints": {"flash_kb": 40, "sram_kb": 64, "latency_ms": 60},
    }
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    folder = tmp_path_factory.mktemp("compared")
    plan = open_plan(folder, toy_plan("random", config=CONFIG))
    failures = run_all(plan, folder, ToyRuns(other_board=SMALL), silent)
    results = read_results(plan, folder, failures)
    write_files(results, folder)
    return results, folder


def test_each_board_has_its_own_limits(compared: tuple[Results, Path]) -> None:
    limits = board_limits(compared[0])
    assert limits["nucleo_f446re"] == "40 KB flash, 64 KB SRAM, 60 ms"
    assert limits[SMALL] == "40 KB flash, 20 KB SRAM, 60 ms", "all that its data sheet gives, which is less"


def test_each_board_has_a_row_per_entry_and_per_run(compared: tuple[Results, Path]) -> None:
    results, _ = compared
    rewards = {cells[:2]: float(cells[2].split()[0]) for cells in board_rows(results)}
    assert list(rewards) == [
        (board, entry) for board in ("nucleo_f446re", SMALL) for entry in ("no_search", "random")
    ]
    for entry in ("no_search", "random"):
        assert rewards[SMALL, entry] == pytest.approx(rewards["nucleo_f446re", entry] / 2, abs=0.001)
    winners = {cells[:2]: cells for cells in board_run_rows(results)}
    assert len(winners) == 2 * len(run_rows(results)) == 8
    for run in run_rows(results):
        first, other = winners["nucleo_f446re", run[0]], winners[SMALL, run[0]]
        assert first[4:9] == other[4:9] == run[3:8], "the same figures of the toy networks"
        assert (first[2], other[2]) == ("trial 0", "trial 1")


def test_the_files_have_them(compared: tuple[Results, Path]) -> None:
    folder = compared[1]
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert "## On each board\n\n- nucleo_f446re: the network may use 40 KB flash, 64 KB SRAM, 60 ms." in text
    assert f"| {SMALL} | random-seed1 | trial 1 | " in text
    page = (folder / "results.html").read_text(encoding="utf-8")
    assert "The winner of every run on each board" in page
    assert f"on {SMALL}: 40 KB flash" in page
    stored = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    boards = [one["board"] for one in stored["entries"][0]["runs"][0]["boards"]]
    assert boards == ["nucleo_f446re", SMALL]
    require_documented(
        "compare", stored | {"plan": {**stored["plan"], "config": {}, "task": {}}}, absent=["value"]
    )


def test_in_a_narrow_terminal_no_word_is_cut_and_no_figure_is_missing(
    compared: tuple[Results, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _print_results(compared[0])
    whole = capsys.readouterr().out
    monkeypatch.setattr(output, "terminal_columns", lambda: COLUMNS)
    _print_results(compared[0])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert "…" not in "".join(lines)
    assert set(whole.split()) - {word for word in whole.split() if set(word) == {"-"}} <= {
        word for line in lines for word in line.split()
    }
    assert sum(line.startswith("entry ") for line in lines) == 2, "the columns that had no room follow"
    assert sum(line.startswith("board ") for line in lines) == 2
