"""A board for MLPerf Tiny's runner, believed only when it tells its build id. On a pseudo terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.deploy.mlperf import session
from micronas.deploy.mlperf.firmware import DutFirmware
from micronas.deploy.mlperf.session import flash_dut, open_dut
from micronas.device.lock import DeviceLock
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from micronas.device.targets import SerialBoard
from micronas.errors import DeviceError, FlashError
from micronas.firmware import Firmware
from tests.support.mlperf_build import BUILD, NAME, dut_build
from tests.support.mlperf_fake_dut import FakeDut

OLD = "ff" * 16


class Board(FakeDut):
    """A fake device that says it is a NUCLEO-F446RE."""

    def _lines(self, words: list[str]) -> list[str]:
        lines = super()._lines(words)
        return [line.replace("board bench_top", "board nucleo_f446re") for line in lines]


@pytest.fixture
def built(tmp_path: Path) -> DutFirmware:
    return dut_build(tmp_path)


class Uploader:
    """Stands in for PlatformIO; the board's build becomes the new one at attempt ``works_at``."""

    def __init__(self, board: FakeDut, works_at: int) -> None:
        self.board, self.works_at = board, works_at
        self.attempts: list[bool] = []

    def __call__(self, firmware: Firmware, port: Port, *, under_reset: bool) -> str:
        self.attempts.append(under_reset)
        if len(self.attempts) == self.works_at:
            self.board.build_id, self.board.mute = BUILD, False
        return "first word\nlast words of the uploader\n"


def flashed(
    board: FakeDut, built: DutFirmware, monkeypatch: pytest.MonkeyPatch, works_at: int
) -> tuple[Uploader, Port]:
    uploader, port = Uploader(board, works_at), Port(board.port, "0670FF", "ST-LINK/V2-1")
    monkeypatch.setattr(session, "upload", uploader)
    return uploader, flash_dut(built, port, ports=lambda: [port], return_deadline_s=1.5)


def test_the_new_build_answers(built: DutFirmware, monkeypatch: pytest.MonkeyPatch) -> None:
    with Board(name=NAME, build_id=OLD) as board:
        uploader, port = flashed(board, built, monkeypatch, works_at=1)
        assert (uploader.attempts, port.device) == ([False], board.port)
        with SerialLink(board.port, 115_200):
            pass  # freed


def test_an_upload_that_did_nothing_is_tried_under_reset(
    built: DutFirmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Board(name=NAME, build_id=OLD) as board:
        uploader, _ = flashed(board, built, monkeypatch, works_at=2)
    assert uploader.attempts == [False, True]


def test_an_old_build_is_not_believed(built: DutFirmware, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Board(name=NAME, build_id=OLD) as board,
        pytest.raises(FlashError, match=f"build is '{OLD}', not '{BUILD}'(.|\n)*last words of the uploader"),
    ):
        flashed(board, built, monkeypatch, works_at=3)


@pytest.mark.parametrize(
    ("board", "what"),
    [
        (Board(name=NAME, build_id=BUILD, model="ic01"), "model is 'ic01'"),
        (Board(name="another", build_id=BUILD), "name is 'another'"),
        (FakeDut(name=NAME, build_id=BUILD), "board is 'bench_top'"),
        (Board(name=NAME, build_id=BUILD, mute=True), "no MLPerf Tiny device under test replied"),
    ],
)
def test_another_device_is_not_believed(
    built: DutFirmware, monkeypatch: pytest.MonkeyPatch, board: FakeDut, what: str
) -> None:
    with board, pytest.raises(FlashError, match=what):
        flashed(board, built, monkeypatch, works_at=3)


def test_a_board_is_claimed_while_it_is_driven(
    built: DutFirmware, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Board(name=NAME, build_id=BUILD) as board:
        port = Port(board.port, "0670FF", "ST-LINK/V2-1")
        monkeypatch.setattr(session, "upload", Uploader(board, 1))
        with open_dut(SerialBoard(port=board.port), built, ports=lambda: [port], locks_dir=tmp_path) as dut:
            assert dut.about().counter == "cycles"
            with pytest.raises(DeviceError, match="in use by another micronas"):
                DeviceLock(port, tmp_path).__enter__()
        DeviceLock(port, tmp_path).__enter__()
