"""Numbers that are none, places that cannot be written, a full disk: one message and exit code 2."""

from __future__ import annotations

import errno
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from micronas import report
from micronas.board import load_board
from micronas.cli import app
from micronas.cli.output import typed
from micronas.config import parse_config
from micronas.deploy.deployment import cache_folder
from micronas.errors import BoardError, BudgetError, BuildError, ConfigError, ModelError
from micronas.host import machine_fault
from micronas.memory.budget import make_budget
from micronas.model.tflite import read
from micronas.store import Store
from tests.support.command_line import BOARD, micronas, refused


@dataclass(frozen=True)
class Usage:
    free: int


@pytest.fixture
def model(tmp_path: Path) -> Path:
    done = micronas(
        "networks", "write", "ds_cnn_s", "--out", tmp_path / "new folder" / "kws.tflite", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return tmp_path / "new folder" / "kws.tflite"


@pytest.mark.parametrize("kb", [float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 1e300])
def test_a_budget_that_is_no_size_is_refused_with_what_the_board_has(kb: float) -> None:
    with pytest.raises(BudgetError, match=f"flash_kb is {kb:g}".replace("+", r"\+")) as refusal:
        make_budget(load_board("nucleo_f446re"), kb, None)
    assert "512 or less" in str(refusal.value)


@pytest.mark.parametrize(
    "key",
    [
        "constraints.sram_kb",
        "budget.minutes",
        "reward.target_ms",
        "strategy.effort",
        "constraints.latency_ms",
    ],
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_key_of_a_search_takes_a_number_that_is_not_finite(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=key):
        parse_config({"board": "nucleo_f446re", "budget": {"trials": 1}}, overrides={key: value})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NUCLEO-F446RE", "'nucleo_f446re'"),
        ("Nucleo F446RE", "'nucleo_f446re'"),
        ("f446re", "'nucleo_f446re'"),
        ("l4r5", "'nucleo_l4r5zi'"),
        ("nucleo_f446rt", "'nucleo_f446re'"),
        ("f407", "'black_f407vg' or 'disco_f407vg'"),
        ("", "known boards: "),
        ("nucleo", "known boards: "),
    ],
)
def test_a_board_is_found_by_what_stands_on_its_box(written: str, meant: str) -> None:
    with pytest.raises(BoardError) as refusal:
        load_board(written)
    assert meant in str(refusal.value)


def test_a_refused_model_is_named_by_the_path_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, content in (
        ("empty", b""),
        ("text", b"hello, world, hello"),
        ("cut", b"\x18\0\0\0TFL3" + bytes(9)),
    ):
        path = tmp_path / "a" / f"{name}.tflite"
        path.write_bytes(content)
        with pytest.raises(ModelError) as refusal:
            read(path)
        assert str(path) in refusal.value.message
        assert refusal.value.remedy
    with pytest.raises(ModelError, match="file not found") as refusal:
        read(tmp_path / "a" / "emtpy.tflite")
    assert refusal.value.remedy == f"did you mean {tmp_path / 'a' / 'empty.tflite'}?"


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        (("check", "MODEL", *BOARD), "--plan"),
        (("bench", "MODEL", *BOARD), "--keep"),
        (("mlperf", "MODEL", *BOARD, "--window-s", "0.01"), "--log"),
        (("export", "MODEL"), "--out"),
        (("renode-script", "MODEL", *BOARD), "--out"),
        (("networks", "write", "ds_cnn_s"), "--out"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_by_its_option(
    tmp_path: Path, model: Path, verb: tuple[str, ...], option: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    arguments = [model if word == "MODEL" else word for word in verb]
    done = micronas(*arguments, option, "file/inside/x", cwd=tmp_path)
    refused(done, f"{option} file/inside/x: cannot be written (", "choose a writable folder")


def test_a_write_without_room_names_the_places_that_are_full(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def free_space(place: str) -> Usage:
        return Usage(free=512 if place == "/tmp" else 1 << 40)

    monkeypatch.setattr(app, "app", lambda: write(Path("x")))
    monkeypatch.setattr(machine_fault.tempfile, "gettempdir", lambda: "/tmp")
    monkeypatch.setattr(
        machine_fault.shutil, "disk_usage", lambda place: Usage(free=512 if place == "/tmp" else 1 << 40)
    )
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("micronas: system: /tmp (512 bytes free): No space left")


def test_a_report_that_finds_no_room_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report, "page_text", lambda *_: "<html>")
    with Store.create(tmp_path / "run", {}) as store:
        monkeypatch.setattr(report.os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            report.write_report(store, tmp_path / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as Python does where it finds no home
    with pytest.raises(BuildError, match="neither HOME nor XDG_CACHE_HOME is set") as refusal:
        cache_folder()
    assert "set HOME" in str(refusal.value)


@pytest.mark.parametrize("verb", ["bench", "mlperf"])
def test_naming_a_board_for_the_emulator_is_refused(tmp_path: Path, model: Path, verb: str) -> None:
    done = micronas(verb, model, *BOARD, "--probe", "066BFF", cwd=tmp_path)
    refused(done, "--probe has no effect with --device qemu", "--device serial")


def test_the_version_is_told(tmp_path: Path) -> None:
    from micronas import __version__

    assert micronas("--version", cwd=tmp_path).stdout == f"micronas {__version__}\n"


def test_paths_in_commands_to_type_are_one_word_of_a_shell() -> None:
    assert shlex.split(f"bench {typed(Path('my runs/ä b'))}") == ["bench", "my runs/ä b"]
    assert typed(Path("runs/mnist5k-1")) == "runs/mnist5k-1"
