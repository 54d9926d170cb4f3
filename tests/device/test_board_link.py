"""A real board's link over a pseudo terminal: claim, wrong clocks, fast rates, boards that come back."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.device.board_link import FAST_BAUDS, BoardLink
from micronas.device.client import Client
from micronas.device.counter import check_clock
from micronas.device.framing import Message
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError
from tests.support.fake_board import CLOCK_HZ, FakeBoard, drop

BOARD = load_board("nucleo_f446re")


def real_link(port: str, baud: int) -> SerialLink:
    """A link that passes for a serial port: the pseudo terminal stands for one here."""
    return SerialLink(port, baud, emulated=False)


def link_to(board: FakeBoard, claims: Path, *, fast: bool = True) -> BoardLink:
    port = Port(board.port, "ABC", "ST-LINK/V2-1")
    return BoardLink(BOARD, port, fast=fast, ports=lambda: [port], locks_dir=claims, open_link=real_link)


def test_the_fast_rate_is_taken_when_the_board_follows(tmp_path: Path) -> None:
    with FakeBoard() as board, link_to(board, tmp_path) as link:
        assert link._port.baudrate == FAST_BAUDS[0]
        (request,) = (r for r in board.requests if r.type == Message.BAUD)
        assert request.payload == struct.pack("<I", FAST_BAUDS[0])
        Client(link).info()


def test_a_line_that_garbles_long_frames_goes_down_to_the_rate_at_which_it_does_not(tmp_path: Path) -> None:
    """HELLO would pass at every rate: only the trial with long frames tells."""
    with FakeBoard(lossy_above=300_000) as board, link_to(board, tmp_path) as link:
        assert link._port.baudrate == 230_400
        Client(link).read_arena(0, 240)
        assert [r.payload for r in board.requests if r.type == Message.BAUD] == [
            struct.pack("<I", baud) for baud in FAST_BAUDS
        ]


def test_no_rate_is_tried_that_is_not_above_the_profiles(tmp_path: Path) -> None:
    quick = BOARD.model_copy(update={"uart": BOARD.uart.model_copy(update={"baud": 460_800})})
    with FakeBoard(baud=460_800, lossy_above=500_000) as board:
        port = Port(board.port, "ABC", "ST-LINK/V2-1")
        opening = BoardLink(quick, port, ports=lambda: [port], locks_dir=tmp_path, open_link=real_link)
        with opening as link:
            assert link._port.baudrate == 460_800
        tried = [r.payload for r in board.requests if r.type == Message.BAUD]
    assert tried == [struct.pack("<I", 921_600)]


def test_a_line_that_does_not_carry_the_fast_rate_stays_slow(tmp_path: Path) -> None:
    """From the switch on nothing arrives, until two frames were garbled and the board is back."""
    with FakeBoard(deaf_above=200_000) as board, link_to(board, tmp_path) as link:
        assert link._port.baudrate == BOARD.uart.baud
        Client(link).info()


def test_a_board_is_not_shared(tmp_path: Path) -> None:
    with FakeBoard() as board:
        with (
            link_to(board, tmp_path),
            pytest.raises(DeviceError, match="in use"),
            link_to(board, tmp_path),
        ):
            pass
        with link_to(board, tmp_path):
            pass


def test_the_claim_is_freed_when_the_board_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micronas.device.board_link._ANSWER_DEADLINE_S", 0.3)
    monkeypatch.setattr("micronas.device.board_link._TRIAL_DEADLINE_S", 0.1)
    with FakeBoard(faults=[drop] * 8) as board:
        with pytest.raises(DeadlineError, match="HELLO"), link_to(board, tmp_path):
            pass
        board.faults.clear()
        with link_to(board, tmp_path, fast=False):
            pass


@pytest.mark.parametrize(("actual", "text"), [(57_600, "half .* 90 MHz"), (230_400, "twice .* 360 MHz")])
def test_half_or_double_the_rate_means_a_wrong_clock(
    actual: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micronas.device.board_link._ANSWER_DEADLINE_S", 0.3)
    with (
        FakeBoard(baud=actual) as board,
        pytest.raises(DeviceError, match=rf"at {text}, not at the 180 MHz"),
        link_to(board, tmp_path),
    ):
        pass


@pytest.mark.parametrize("factor", [1.0, 0.5, 2.0])
def test_the_clock_is_checked_against_host_time(factor: float) -> None:
    """Each run takes 10 ms of host time; the counter says so many cycles, or half as many."""
    cycles = round(CLOCK_HZ * 0.010 * factor)
    with FakeBoard(count_of=lambda run: cycles, run_s=0.010) as board, real_link(board.port, 115200) as link:
        client = Client(link)
        info = client.info()
        if factor == 1.0:
            assert check_clock(client, info).host_hz == pytest.approx(CLOCK_HZ, rel=0.15)
        else:
            with pytest.raises(DeviceError, match=r"180\.0 MHz, but .* at (7|8|9|2[6-9]|3)\d"):
                check_clock(client, info)


def test_an_emulator_is_not_judged_by_host_time() -> None:
    with FakeBoard(counter=2) as board, SerialLink(board.port, 115200, emulated=True) as link:
        client = Client(link)
        started = time.monotonic()
        assert check_clock(client, client.info()).host_hz is None
        assert time.monotonic() - started < 10
        assert not [r for r in board.requests if r.type == Message.RUN]
