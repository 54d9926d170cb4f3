"""Every listing in a terminal of 80 columns: no line is longer, unless one word is; nothing is lost."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import micronas.device.attached as attached_module
from micronas.cli import output
from micronas.cli.app import app
from micronas.device.attached import Attached
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
