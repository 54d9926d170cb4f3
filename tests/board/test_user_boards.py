"""The user's boards: by path, from MICRONAS_BOARDS, beside a configuration, and from ``boards new``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from micronas.board import board_names, load_board, read_boards, shipped_boards
from micronas.config import load_config
from micronas.errors import BoardError
from micronas.search.setup import _named_board
from tests.support.command_line import micronas, refused
from tests.support.paths import REPOSITORY

NUCLEO = (REPOSITORY / "boards" / "nucleo_f446re.yaml").read_text(encoding="utf-8")


def profile(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(NUCLEO.replace("name: nucleo_f446re", f"name: {name}", 1), encoding="utf-8")
    return path


def test_a_new_board_is_a_profile_at_once_and_joins_the_list(tmp_path: Path) -> None:
    done = micronas("boards", "new", "mine", "--from", "nucleo_f446re", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "boards" / "mine.yaml").read_text()
    assert "\npublished:" not in text  # results of the other board
    assert "8 MHz from the ST-LINK's MCO" in text  # its comments stay
    listed = {board["name"]: board for board in json.loads(micronas("boards", "--json", cwd=tmp_path).stdout)}
    assert listed.keys() == {*board_names(), "mine"}
    assert listed["mine"]["flash_bytes"] == 512 * 1024
    assert micronas("boards", "show", "mine", cwd=tmp_path).stdout.startswith("mine: ")
    again = micronas("boards", "new", "mine", "--from", "nucleo_f446re", cwd=tmp_path)
    refused(again, "board 'mine' already exists")
    refused(micronas("boards", "new", "My Board", "--from", "nucleo_f446re", cwd=tmp_path), "small letters")


@pytest.mark.slow
def test_check_takes_a_profile_by_its_path(tmp_path: Path, networks: Path) -> None:
    profile(tmp_path, "small")
    text = (tmp_path / "small.yaml").read_text().replace("length: 128K", "length: 8K")
    (tmp_path / "small.yaml").write_text(text)
    model = networks / "mlperf_tiny_kws.tflite"
    done = micronas("check", model, "--board", "./small.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "of 8,192 (8.0 KB)" in done.stdout
    refused(
        micronas("check", model, "--board", "./none.yaml", cwd=tmp_path), "board profile not found: none.yaml"
    )


@pytest.mark.emulator
def test_bench_takes_a_profile_by_its_path(tmp_path: Path, networks: Path) -> None:
    profile(tmp_path, "mine")
    done = micronas("bench", networks / "tiny.tflite", "--board", "./mine.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 of 8 output elements equal" in done.stdout


def test_boards_of_the_variable_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(tmp_path / "mine", "lab_board")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICRONAS_BOARDS", str(tmp_path / "mine"))
    assert load_board("lab_board").clock.hz == 180_000_000
    with pytest.raises(BoardError, match="'lab_board'"):
        load_board("lab_bord")
    monkeypatch.setenv("MICRONAS_BOARDS", str(tmp_path / "gone"))
    with pytest.raises(BoardError, match=r"MICRONAS_BOARDS names .*gone"):
        load_board("lab_board")


def test_two_boards_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = profile(tmp_path / "boards", "nucleo_f446re")
    path.write_text(path.read_text(encoding="utf-8").replace("180_000_000", "168_000_000"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BoardError, match="two boards are named 'nucleo_f446re'"):
        load_board("nucleo_f446re")


def test_a_broken_profile_of_the_users_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(tmp_path / "boards", "mine")
    (tmp_path / "boards" / "other.yaml").write_text("not: a board\n")
    monkeypatch.chdir(tmp_path)
    boards, problems = read_boards()
    assert {board.name for board in boards} == {*board_names(), "mine"}
    assert len(problems) == 1
    assert "other.yaml" in str(problems[0])


@pytest.mark.parametrize("word", ["mine", "boards/mine.yaml"])
def test_a_board_beside_the_configuration_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    profile(tmp_path / "project" / "boards", "mine")
    (tmp_path / "project" / "my.yaml").write_text(f"board: {word}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    config = load_config(Path("../project/my.yaml"))
    assert _named_board(config).name == "mine"
    by_option = load_config(Path("../project/my.yaml"), {"board": "mine"})
    assert _named_board(by_option).name == "mine"


def test_an_installed_micronas_works_in_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkout's ``boards/`` holds copies of the installed profiles."""
    shutil.copytree(shipped_boards(), tmp_path / "boards")
    monkeypatch.chdir(tmp_path)
    assert set(board_names()) == {path.stem for path in shipped_boards().glob("*.yaml")}
    assert load_board("nucleo_f446re").core.value == "cortex-m4"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found nothing"),
        (b"- a\n", "found a list"),
        (b"hello\n", "found a text"),
        (b"mcu: [\n", "not valid YAML: line 2"),
        (b"\xff\xfe", "byte 0 is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_profile_says_so_and_its_remedy_works(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    message = refused(micronas("boards", "show", "./mine.yaml", cwd=tmp_path), words)
    command = message.split("`")[3]
    assert command.startswith("micronas boards new mine --from ")
    assert micronas(*command.split()[1:], cwd=tmp_path).returncode == 0
    assert (tmp_path / "boards" / "mine.yaml").is_file()


def test_a_profile_with_wrong_values_is_described_in_words_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mcu: [3]\nclok: 1\n")
    message = refused(micronas("boards", "show", "./mine.yaml", cwd=tmp_path), "name: is missing")
    assert "Field required" not in message
