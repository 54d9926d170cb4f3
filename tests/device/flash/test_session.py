"""Work on a board that is lost on the way: unplugged, reset, silent, typed at, stopped by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from micronas.board import load_board
from micronas.deploy.measure import Measurement, measure
from micronas.device.board_link import FAST_BAUDS, BoardLink
from micronas.device.client import Client
from micronas.device.flash import Access, session, use_board
from micronas.device.flash.board import Flashed
from micronas.device.framing import Message
from micronas.device.link import Link
from micronas.device.lock import DeviceLock
from micronas.device.ports import Port
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError, FlashError, WriterUnclearError
from tests.support.fake_board import BUILD_ID, FakeBoard, after, drop, reset, reset_after, unplug
from tests.support.plus_one import EXPECTED, SAMPLES, plus_one_graph

BOARD = load_board("nucleo_f446re")
SERIAL = "066DFF505055657867184411"
FIRMWARE: Any = SimpleNamespace(board=BOARD, build_id=BUILD_ID)
pytestmark = pytest.mark.timeout(120)


@dataclass
class Bench:
    """Boards that are plugged in one after the other, all with one serial number; uploads are counted."""

    claims: Path
    plugged: list[FakeBoard] = field(default_factory=list)
    uploads: int = 0

    def ports(self) -> list[Port]:
        there = [board for board in self.plugged if not board.pulled.is_set()]
        return [Port(board.port, SERIAL, "ST-LINK/V2-1") for board in there[:1]]

    @property
    def access(self) -> Access:
        return Access(
            ports=self.ports,
            usb=lambda: (),
            open_link=lambda port, baud: SerialLink(port, baud, emulated=False),
            locks_dir=self.claims,
            return_deadline_s=2.0,
        )

    def measure(self, attempts: int = 3) -> tuple[Measurement, tuple[str, ...]]:
        used = use_board(FIRMWARE, self.ports()[0], work, attempts=attempts, access=self.access)
        return used.value, used.failures


def work(link: Link) -> Measurement:
    return measure(Client(link), plus_one_graph(), BOARD, SAMPLES, EXPECTED, build_id=BUILD_ID)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(tmp_path)

    def upload(firmware: Any, port: Port, **seams: Any) -> Flashed:
        """Every upload works; the port has to be free for it, as a monitor's would not be."""
        SerialLink(port.device, BOARD.uart.baud).close()
        bench.uploads += 1
        with SerialLink(port.device, BOARD.uart.baud) as link:
            return Flashed(port, Client(link).info(), under_reset=False)

    monkeypatch.setattr(session, "flash", upload)
    monkeypatch.setattr("micronas.device.counter.RUN_DEADLINE_S", 3.0)
    monkeypatch.setattr("micronas.device.board_link._ANSWER_DEADLINE_S", 0.6)
    monkeypatch.setattr("micronas.device.board_link._TRIAL_DEADLINE_S", 0.2)
    monkeypatch.setattr("micronas.device.flash.board._ANSWER_DEADLINE_S", 1.0)
    yield bench
    for board in bench.plugged:
        board.unplug()


def plug(bench: Bench, board: FakeBoard) -> FakeBoard:
    board.__enter__()
    bench.plugged.append(board)
    return board


def test_a_board_that_is_plugged_in_again_is_found_by_its_number_and_measured_anew(bench: Bench) -> None:
    first = plug(bench, FakeBoard(faults=[after(9, Message.LOAD, unplug)]))
    second = plug(bench, FakeBoard(count_of=lambda run: 5000))
    result, failures = bench.measure()
    assert first.port != second.port
    assert first.pulled.is_set()
    assert len(failures) == 1
    assert "port disappeared" in failures[0] or "cannot write" in failures[0]
    assert set(result.counts) == {5000}
    assert (result.parity.elements, result.parity.mismatches) == (36, 0)


def test_a_board_that_stays_away_is_an_error_that_says_how_often_it_was_tried(bench: Bench) -> None:
    plug(bench, FakeBoard(faults=[after(9, Message.LOAD, unplug)]))
    with pytest.raises(DeadlineError, match=r"did not reappear.*\(after 2 attempts\)"):
        bench.measure(attempts=2)


def test_a_device_that_is_not_certain_is_not_asked_for_again(bench: Bench, monkeypatch: Any) -> None:
    plug(bench, FakeBoard())
    asked = []

    def unclear(firmware: Any, port: Port, **seams: Any) -> Flashed:
        asked.append(port)
        raise WriterUnclearError("2 devices are attached (ST-LINK) and none was selected")

    monkeypatch.setattr(session, "flash", unclear)
    with pytest.raises(WriterUnclearError, match=r"none was selected$"):
        bench.measure()
    assert len(asked) == 1


def test_a_reset_that_nobody_sees_makes_no_wrong_figure(bench: Bench) -> None:
    """The board answers on at the same rate, but its inputs are gone: its outputs would be another's."""
    board = plug(bench, FakeBoard(faults=[after(10, Message.LOAD, reset_after)]))
    result, failures = bench.measure()
    assert len(failures) == 1
    assert "was reset during the measurement" in failures[0]
    assert result.parity.mismatches == 0
    assert board.runs > 40


def test_a_reset_instead_of_an_answer_is_tried_again(bench: Bench) -> None:
    plug(bench, FakeBoard(faults=[after(14, Message.RUN, reset)]))
    result, failures = bench.measure()
    assert len(failures) == 1
    assert "no answer to RUN" in failures[0]
    assert result.parity.mismatches == 0


def test_the_second_attempt_keeps_to_the_profiles_rate(bench: Bench) -> None:
    board = plug(bench, FakeBoard(faults=[after(14, Message.RUN, drop)]))
    bench.measure()
    switches = [r for r in board.requests if r.type == Message.BAUD]
    assert len(switches) == 1
    assert board.baud == BOARD.uart.baud < FAST_BAUDS[0]


def test_what_would_be_the_same_every_time_is_not_tried_again(bench: Bench) -> None:
    plug(bench, FakeBoard(count_of=lambda run: 1000, constant=True))
    with pytest.raises(DeviceError, match="the count does not grow with the work"):
        bench.measure()
    assert bench.uploads == 1


def test_a_board_with_another_build_is_flashed_again(bench: Bench) -> None:
    plug(bench, FakeBoard(faults=[after(9, Message.LOAD, unplug)]))
    plug(bench, FakeBoard(build_id=b"\xaa" * 16))
    with pytest.raises(DeviceError, match="the device runs build aaaa"):
        bench.measure()
    assert bench.uploads == 2


def test_an_upload_that_fails_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(bench, FakeBoard())
    works, calls = session.flash, []

    def flaky(firmware: Any, port: Port, **seams: Any) -> Flashed:
        calls.append(port)
        if len(calls) == 1:
            raise FlashError("init mode failed")
        return works(firmware, port, **seams)

    monkeypatch.setattr(session, "flash", flaky)
    monkeypatch.setattr(session, "_still_runs", lambda *_: False)
    _, failures = bench.measure()
    assert failures == ("init mode failed",)


def test_the_board_is_claimed_while_its_port_is_closed_for_the_upload(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(bench, FakeBoard())
    works = session.flash

    def upload(firmware: Any, port: Port, **seams: Any) -> Flashed:
        with pytest.raises(DeviceError, match="in use by another micronas"), DeviceLock(port, bench.claims):
            pass
        return works(firmware, port, **seams)

    monkeypatch.setattr(session, "flash", upload)
    bench.measure()
    with DeviceLock(bench.ports()[0], bench.claims):
        pass


def test_modem_manager_may_type_at_the_board_all_the_time(bench: Bench) -> None:
    """It writes AT commands to the same port; whatever they break is sent again."""
    board = plug(bench, FakeBoard(count_of=lambda run: 7000, delay_s=0.002))
    stop = threading.Event()

    def type_at_it() -> None:
        fd = os.open(board.port, os.O_WRONLY | os.O_NOCTTY)
        while not stop.wait(0.003):
            os.write(fd, b"AT\rAT+GCAP\r")
        os.close(fd)

    typist = threading.Thread(target=type_at_it)
    typist.start()
    try:
        result, _ = bench.measure()
    finally:
        stop.set()
        typist.join()
    assert set(result.counts) == {7000}
    assert result.info.garbled_frames > 3
    assert result.parity.mismatches == 0


def test_a_port_that_modem_manager_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def open_link(port: str, baud: int) -> SerialLink:
        tries.append(port)
        if len(tries) < 3:
            raise DeviceError(f"{port}: cannot open the port")
        return SerialLink(port, baud)

    names = {"held": ("ModemManager (812)",)}
    monkeypatch.setattr("micronas.device.board_link.holders", lambda device: names["held"])
    with FakeBoard() as board:
        port = Port(board.port, SERIAL, "ST-LINK/V2-1")
        link = BoardLink(
            BOARD, port, fast=False, ports=lambda: [port], open_link=open_link, locks_dir=tmp_path
        )
        with link:
            assert len(tries) == 3
        tries.clear()
        names["held"] = ("minicom (42)",)
        with pytest.raises(DeviceError), link:
            pass
    assert len(tries) == 1


def test_ctrl_c_frees_port_and_claim(tmp_path: Path) -> None:
    """The process goes on after the interrupt, so that it is not its end that frees them."""
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from micronas.board import load_board\n"
        "from micronas.device.board_link import BoardLink\n"
        "from micronas.device.client import Client\nfrom micronas.device.ports import Port\n"
        "port = Port(sys.argv[1], 'ABC')\n"
        "board = BoardLink(load_board('nucleo_f446re'), port, fast=False, ports=lambda: [port],\n"
        "                  locks_dir=Path(sys.argv[2]))\n"
        "try:\n"
        "    with board as link:\n"
        "        print('open', flush=True)\n"
        "        Client(link).run(deadline_s=60)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    with FakeBoard(faults=[None, *[drop] * 9]) as board:
        other = subprocess.Popen(
            [sys.executable, "-c", script, board.port, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == "open\n"
            with (
                pytest.raises(DeviceError, match=f"process {other.pid}"),
                DeviceLock(Port("", "ABC"), tmp_path),
            ):
                pass
            with pytest.raises(DeviceError, match=str(other.pid)):
                SerialLink(board.port, BOARD.uart.baud)
            time.sleep(0.3)
            other.send_signal(signal.SIGINT)
            assert other.stdout.readline() == "interrupted\n"
            with DeviceLock(Port("", "ABC"), tmp_path), SerialLink(board.port, BOARD.uart.baud):
                assert other.poll() is None
        finally:
            other.communicate("\n", timeout=20)


def test_a_pseudo_terminal_is_never_called_a_measurement() -> None:
    with FakeBoard() as board, SerialLink(board.port, BOARD.uart.baud) as link:
        assert link.emulated
        assert work(link).latency.source.value == "emulated"
