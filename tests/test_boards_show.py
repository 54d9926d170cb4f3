"""``boards show`` names what is wrong with a profile, as a build would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micronas.board import board_names, load_board
from micronas.cli.app import app
from micronas.errors import BoardError

README = Path(__file__).resolve().parent.parent / "README.md"
F411 = load_board("nucleo_f411re")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mcu": "STM32F412ZGT6"}, "STM32F412ZGT6 is not a known chip of family stm32f4"),
        ({"clock": F411.clock.model_copy(update={"hz": 101_000_000})}, "101000000"),
    ],
    ids=["chip", "clock"],
)
@pytest.mark.parametrize("option", [[], ["--json"]], ids=["text", "json"])
def test_a_profile_that_no_firmware_can_be_built_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], words: str, option: list[str]
) -> None:
    monkeypatch.setattr("micronas.board.load_board", lambda name: F411.model_copy(update=changes))
    done = CliRunner().invoke(app, ["boards", "show", "nucleo_f411re", *option])
    assert isinstance(done.exception, BoardError)
    assert words in str(done.exception)
    assert done.stdout == ""


def test_the_readme_counts_the_boards() -> None:
    (said,) = re.findall(r"# (\d+) boards of", README.read_text(encoding="utf-8"))
    assert int(said) == len(board_names())
