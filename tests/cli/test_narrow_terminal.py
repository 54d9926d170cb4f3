"""Every listing in a terminal of 80 columns: no line is longer, unless one word is; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import micronas.device.attached as attached_module
from micronas.cli import output
from micronas.cli.app import app
from micronas.cli.progress import in_lines
from micronas.device.attached import Attached
from micronas.store import Record, Store
from micronas.trial import Outcome, Trial
from tests.support.report_run import make_run
from tests.support.terminal import COLUMNS

LISTINGS = (
    ("boards",),
    ("boards", "show", "nucleo_h743zi2"),
    ("configs",),
    ("devices",),
    ("doctor",),
    ("networks",),
    ("strategies",),
)


def shown(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, columns: int | None) -> str:
    monkeypatch.setattr(output, "terminal_columns", lambda: columns)
    return CliRunner().invoke(app, list(words)).stdout


@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_listing_fits(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Attached("ST-LINK/V2-1", "066DFF505055657867184411", "/dev/ttyACM0", ("nucleo_f446re",)),
        Attached("LTE modem", "", "/dev/ttyUSB0", (), ("minicom (42)", "ModemManager (7)"), is_probe=False),
    ]
    monkeypatch.setattr(attached_module, "attached", lambda names: found)
    narrow, whole = (shown(words, monkeypatch, columns) for columns in (COLUMNS, None))
    commands = narrow.partition("Next:")[2].splitlines()  # to copy, so never wrapped
    too_long = [line for line in narrow.splitlines() if len(line) > COLUMNS and line not in commands]
    assert [line for line in too_long if len(line.split()) > 1] == []
    assert sorted(letters(narrow)) == sorted(letters(whole))


def test_a_figure_keeps_its_unit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(output, "terminal_columns", lambda: 20)
    output.print_table("", ("run", "best", "latency"), [("mnist5k-1", "97.1 %", "0.51 ms modelled")])
    assert capsys.readouterr().out.splitlines()[2:] == [
        "mnist5k-1  97.1 %   0.51 ms",
        "                   modelled",
    ]
    output.print_facts("", [("x", "a " * 29 + "saturates in 12.5 % and 40 KB/s of 3 blocks")])
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[2:]] == ["in", "blocks"]
    assert output.words_of("97.1 % of 390 and 14.6 KB, 3 blocks") == [
        *("97.1\u00a0%", "of", "390", "and", "14.6\u00a0KB,", "3", "blocks")
    ]


@pytest.fixture(scope="module")
def long_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with names that are longer than a column; a trial of one failed for a long reason."""
    folder = tmp_path_factory.mktemp("a-folder-of-runs-with-a-long-name-of-its-own")
    for name in ("kitchen_and_living_room_sounds-night-shift-2-1", "x" * 70):
        run = make_run(folder / name, finished=False)
        reason = f"{run}/a/very/long/path.npz: " + "the file ends in the middle of an array; " * 9
        with Store.resume(run) as store:
            number = len(store.records())
            trial = Trial(
                number, [1], "long", Outcome.FAILED, stage="train", reason=reason, origin="strategy"
            )
            store.add(Record(trial, {}))
    return folder


@pytest.mark.parametrize("verb", ["runs", "show", "show trial"])
def test_a_listing_of_runs_with_long_names_fits(
    verb: str, long_names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(long_names.parent)
    folder = Path(long_names.name)
    run = str(folder / ("x" * 70))
    words = {"runs": ("runs", str(folder)), "show": ("show", run), "show trial": ("show", run, "7")}[verb]
    narrow, whole = (shown(words, monkeypatch, columns) for columns in (COLUMNS, None))
    assert whole.strip()
    listing, _, commands = narrow.partition("Next:")  # these are to copy, so never wrapped
    too_long = [line for line in listing.splitlines() if len(line) > COLUMNS]
    assert [line for line in too_long if verb != "show trial" or len(line.split()) > 1] == []
    assert sorted(letters(listing)) == sorted(letters(whole.partition("Next:")[0]))
    assert commands or verb == "show trial"


def letters(text: str) -> list[str]:
    return [character for character in text if not character.isspace() and character != "-"]


def test_the_widest_text_gives_way_and_numbers_stay_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "terminal_columns", lambda: 24)
    output.print_table("", ("name", "about", "B"), [("a", "one two three four", "1,234"), ("b", "", "5")])
    assert capsys.readouterr().out.splitlines() == [
        "name  about            B",
        "------------------------",
        "a     one two      1,234",
        "      three four",
        "b                      5",
    ]


def test_a_row_of_a_search_for_several_boards_continues_below() -> None:
    cells = f"{'0      complete   82.7 %   91.1 KB   7.7 KB    23.82 ms emulated    0.8165':<74}"
    others = ["nucleo_l476rg 82.7 %", "disco_l475vg_iot01a infeasible", "nucleo_f103rb 81.0 %"]
    assert in_lines(cells, others[:1], 200) == [f"{cells.rstrip()} | {others[0]}"]
    assert in_lines(cells, others, COLUMNS) == [
        cells,
        f"       {others[0]} | {others[1]}",
        f"       {others[2]}",
    ]
