"""``boards show`` names what is wrong with a profile, as a build would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micronas.board import board_names, load_board, read_board, shipped_boards
from micronas.cli.app import app
from micronas.errors import BoardError
from tests.support.paths import REPOSITORY

README = REPOSITORY / "README.md"
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


def test_an_emulator_that_listens_to_another_uart_is_named(tmp_path: Path) -> None:
    text = (shipped_boards() / "nucleo_f411re.yaml").read_text(encoding="utf-8")
    (tmp_path / "nucleo_f411re.yaml").write_text(text.replace("usart2", "usart6"), encoding="utf-8")
    expected = "uart_index 1 selects another UART of netduinoplus2: usart6 is 5"
    with pytest.raises(BoardError, match=expected):
        read_board(tmp_path / "nucleo_f411re.yaml")


def test_the_readme_counts_the_boards() -> None:
    (said,) = re.findall(r"# (\d+) boards of", README.read_text(encoding="utf-8"))
    assert int(said) == len(board_names())
