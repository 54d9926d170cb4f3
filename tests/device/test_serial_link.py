"""The serial path over a real pseudo terminal: what a bad line does, and what it cannot do."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from micronas.device.client import Client
from micronas.device.framing import Message, decode_frame, encode_frame
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError, ProtocolError
from tests.support.fake_board import (
    BUILD_ID,
    FakeBoard,
    Fault,
    crash,
    drop,
    flip,
    half,
    late,
    noisy,
    reset,
    stale,
    twice,
)

INPUT = bytes(range(12))


@pytest.mark.parametrize("fault", [drop, half, flip, twice, noisy, stale, late])
def test_a_repeatable_request_survives(fault: Fault) -> None:
    with (
        FakeBoard(faults=[fault, None, fault]) as board,
        SerialLink(board.port, 115200, emulated=False) as link,
    ):
        client = Client(link)
        assert client.info().build_id == BUILD_ID
        client.load_input(0, INPUT)
        assert client.read_arena(0, 12) == INPUT


def test_an_emulator_is_asked_once_but_greeted_until_it_answers() -> None:
    """Its line loses nothing; firmware that has not started yet misses a HELLO."""
    with FakeBoard(faults=[drop, drop, None, late]) as board, SerialLink(board.port, 115200) as link:
        client = Client(link)
        assert link.emulated
        assert client.info().build_id == BUILD_ID
        client.load_input(0, INPUT)
    assert [r.type for r in board.requests] == [Message.HELLO] * 3 + [Message.LOAD]


@pytest.mark.parametrize("fault", [twice, noisy, stale, late])
def test_a_run_survives_what_does_not_lose_its_answer(fault: Fault) -> None:
    with FakeBoard(faults=[fault]) as board, SerialLink(board.port, 115200) as link:
        client = Client(link)
        assert client.run() == (False, (1001,))
        assert client.run() == (False, (1002,))


def test_an_answer_to_an_earlier_question_of_the_same_kind_is_not_taken() -> None:
    with FakeBoard(faults=[None, stale, None, stale]) as board, SerialLink(board.port, 115200) as link:
        client = Client(link)
        assert client.run() == (False, (1001,))
        assert client.run() == (False, (1002,))
        assert client.info().build_id == BUILD_ID
        assert client.info().build_id == BUILD_ID


@pytest.mark.parametrize("fault", [drop, half, flip, reset])
def test_a_run_whose_answer_is_lost_is_not_run_again(fault: Fault) -> None:
    with FakeBoard(faults=[fault]) as board, SerialLink(board.port, 115200) as link:
        client = Client(link)
        with pytest.raises(DeadlineError, match="RUN"):
            client.run(deadline_s=0.7)
        assert [r.type for r in board.requests] == [Message.RUN]
        client.info()


def test_a_reply_of_another_protocol_version_is_refused() -> None:
    def version_2(board: FakeBoard, answer: bytes) -> bytes:
        frame = decode_frame(answer.strip(b"\0"))
        assert frame is not None
        return encode_frame(replace(frame, version=2))

    with (
        FakeBoard(faults=[version_2]) as board,
        SerialLink(board.port, 115200) as link,
        pytest.raises(ProtocolError, match="answers in protocol version 2, this is version 1"),
    ):
        Client(link).info()


def test_a_deadline_is_kept_under_endless_noise() -> None:
    with FakeBoard(faults=[drop] * 100) as board, SerialLink(board.port, 115200) as link:
        stop = threading.Event()

        def babble() -> None:
            while not stop.is_set():
                board.say(b"\x55\xaa\x00garbage\x00")
                time.sleep(0.01)

        babbler = threading.Thread(target=babble)
        babbler.start()
        started = time.monotonic()
        try:
            with pytest.raises(DeadlineError, match="garbled"):
                Client(link).info(deadline_s=0.5)
        finally:
            stop.set()
            babbler.join()
        assert time.monotonic() - started < 10


def test_a_fault_message_ends_the_exchange_at_once() -> None:
    with FakeBoard(faults=[crash]) as board, SerialLink(board.port, 115200) as link:
        client = Client(link, symbol_at={0x08000101: "mn_conv2d_s8"}.__getitem__)
        started = time.monotonic()
        with pytest.raises(DeviceError, match=r"faulted in mn_conv2d_s8.*bfar 0xa0000000"):
            client.run()
        assert time.monotonic() - started < 10


def test_an_unplugged_board_is_an_error_not_a_hang() -> None:
    with FakeBoard() as board:
        link = SerialLink(board.port, 115200)
        client = Client(link)
        client.info()
        board.unplug()
        with pytest.raises(DeviceError):
            client.info(deadline_s=1.0)
        link.close()


def test_a_port_is_opened_by_one_at_a_time_and_freed() -> None:
    with FakeBoard() as board:
        with (
            SerialLink(board.port, 115200),
            pytest.raises(DeviceError, match="cannot open"),
        ):
            SerialLink(board.port, 115200)
        with SerialLink(board.port, 115200) as again:
            Client(again).info()


def test_a_port_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match="/dev/ttyNOPE"):
        SerialLink("/dev/ttyNOPE", 115200)
