"""Uploads with fake tools: which probe they are given, when a success counts, and what is tried next."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.device.flash import flash
from micronas.device.flash.board import upload_ini
from micronas.device.flash.uploaders import command
from micronas.device.flash.writer import Writer
from micronas.device.ports import Port
from micronas.errors import DeviceError, FlashError, ToolMissingError
from micronas.firmware import Firmware, build_firmware
from tests.support.fake_board import BUILD_ID, FakeBoard
from tests.support.fake_tools import Tools
from tests.support.paths import FIRMWARE_MODELS

SERIAL = "066DFF505055657867184411"
BOARD = load_board("nucleo_f446re")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(tmp_path / "bin", monkeypatch)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, firmware_cache: Path) -> Firmware:
    source = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("flash")
    firmware = build_firmware({"mn_model.c": source}, BOARD, workdir=folder, cache_dir=firmware_cache)
    # The fake board answers with its own build id: as if this image were on it.
    return Firmware(**{**vars(firmware), "build_id": BUILD_ID})


def flash_on(board: FakeBoard, firmware: Firmware, deadline_s: float = 3.0) -> object:
    port = Port(board.port, SERIAL, "ST-LINK/V2-1")
    return flash(firmware, port, ports=lambda: [port], usb=lambda: (), return_deadline_s=deadline_s)


@pytest.mark.emulator
def test_the_right_probe_is_told_to_the_uploader_and_the_board_proves_it(
    built: Firmware, tools: Tools
) -> None:
    tools.add("openocd")
    with FakeBoard() as board:
        flashed = flash_on(board, built)
    assert flashed.info.build_id == built.build_id  # type: ignore[attr-defined]
    (call,) = tools.calls
    assert f"adapter serial {SERIAL}" in call
    assert "target/stm32f4x.cfg" in call
    assert any(word.startswith("program ") and "firmware.elf verify reset exit" in word for word in call)
    assert not any("connect_assert_srst" in word for word in call)


@pytest.mark.emulator
def test_an_uploader_that_lies_is_not_believed(built: Firmware, tools: Tools) -> None:
    tools.add("openocd", 'echo "** Verified OK **"')
    other = Firmware(**{**vars(built), "build_id": b"\xaa" * 16})
    with (
        FakeBoard() as board,
        pytest.raises(FlashError, match=r"(?s)still runs build 0001.*Verified OK") as caught,
    ):
        flash_on(board, other)
    assert SERIAL in str(caught.value)


@pytest.mark.emulator
def test_an_uploader_that_fails_after_writing_is_forgiven(built: Firmware, tools: Tools) -> None:
    tools.add("openocd", 'echo "Error: timed out" >&2; exit 1')
    with FakeBoard() as board:
        flash_on(board, built)
    assert len(tools.calls) == 1


@pytest.mark.emulator
def test_a_sleeping_target_is_tried_again_under_reset(built: Firmware, tools: Tools, tmp_path: Path) -> None:
    """The fake tool wakes the board only when asked to connect under reset; until then nothing answers."""
    awake = tmp_path / "awake"
    tools.add("openocd", f'case "$*" in *connect_assert_srst*) touch {awake};; *) exit 1;; esac')

    def asleep(board: FakeBoard, answer: bytes) -> bytes:
        return answer if awake.exists() else b""

    with FakeBoard(faults=[asleep] * 100) as board:
        flashed = flash_on(board, built, deadline_s=1.0)
    assert flashed.under_reset  # type: ignore[attr-defined]
    assert [any("connect_assert_srst" in w for w in call) for call in tools.calls] == [False, True]


@pytest.mark.emulator
def test_a_board_that_never_answers_is_an_error_with_the_tools_words(built: Firmware, tools: Tools) -> None:
    from tests.support.fake_board import drop

    tools.add("openocd", 'echo "Error: init mode failed (unable to connect to the target)" >&2; exit 1')
    with (
        FakeBoard(faults=[drop] * 1000) as board,
        pytest.raises(FlashError, match=r"(?s)no reply on its port.*unable to connect"),
    ):
        flash_on(board, built, deadline_s=0.5)


def test_a_port_that_is_in_use_is_not_flashed(built: Firmware, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micronas.device.flash.board.holders", lambda device: ("minicom (4242)",))
    with pytest.raises(DeviceError, match=r"minicom \(4242\)"):
        flash(built, Port("/dev/ttyACM0", SERIAL))


def test_st_flash_stands_in_for_openocd(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.add("st-flash")
    monkeypatch.setenv("PATH", str(tools.folder))
    words = command(BOARD, Writer("stlink", SERIAL), under_reset=True)
    assert words[:4] == ["st-flash", "--serial", SERIAL, "--connect-under-reset"]
    assert words[-3:] == ["write", "$BUILD_DIR/firmware.bin", "0x08000000"]


def test_dfu_names_device_address_and_serial(tools: Tools) -> None:
    tools.add("dfu-util")
    words = command(BOARD, Writer("dfu", "3677"), under_reset=False)
    assert words[:5] == ["dfu-util", "--device", "0483:df11", "--serial", "3677"]
    assert words[-2:] == ["--download", "$BUILD_DIR/firmware.bin"]


@pytest.mark.parametrize("protocol", ["stlink", "dfu", "jlink", "blackmagic", "serial"])
def test_a_missing_uploader_names_the_package(
    protocol: str, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tools.folder))
    with pytest.raises(ToolMissingError, match=r"apt install|SEGGER"):
        command(BOARD, Writer(protocol, SERIAL, "/dev/ttyX"), under_reset=False)


def test_the_registry_platform_gets_flags_for_the_same_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICRONAS_PLATFORM", "ststm32")
    text = upload_ini(BOARD, Writer("stlink", SERIAL), under_reset=True)
    assert f"    adapter serial {SERIAL}\n" in text
    assert "connect_assert_srst" in text
    assert "upload_command" not in text
