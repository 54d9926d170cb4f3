"""Which board is meant: probes identified by serial number, and nothing touched that was not named."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.device import ports
from micronas.device.lock import DeviceLock
from micronas.device.ports import Port, choose_port, holders, serial_ports, wait_for_port
from micronas.device.serial_link import SerialLink
from micronas.device.usb import normalise_serial
from micronas.errors import DeadlineError, DeviceError
from tests.support.fake_board import FakeBoard

A = Port("/dev/ttyACM0", "066DFF505055657867184411", "ST-LINK/V2-1")
B = Port("/dev/ttyACM1", "0671FF383159503043112607", "ST-LINK/V2-1")
MODEM = Port("/dev/ttyACM2", "866112030", "", "Mobile Broadband")


@pytest.mark.parametrize(
    "spelling",
    [
        "066DFF505055657867184411",
        "066dff505055657867184411",
        "066DFF505055657867184411\0",
        "066DFF50505565786718441100",
        " 066DFF505055657867184411 ",
        bytes.fromhex("066DFF505055657867184411").decode("latin-1"),
        bytes.fromhex("066DFF50505565786718441100").decode("latin-1"),
    ],
)
def test_every_spelling_of_a_serial_number_is_the_same_probe(spelling: str) -> None:
    assert normalise_serial(spelling) == "066DFF505055657867184411"


def test_a_short_serial_number_stays_as_it_is() -> None:
    assert normalise_serial("000683012345") == "000683012345"
    assert normalise_serial("0E00") == "0E00"


def test_the_only_probe_needs_no_name() -> None:
    assert choose_port([MODEM, A]) == A


def test_two_probes_need_a_name_and_are_listed() -> None:
    with pytest.raises(DeviceError, match="2 debug probes") as caught:
        choose_port([A, B, MODEM])
    assert A.serial in str(caught.value)
    assert B.serial in str(caught.value)
    assert choose_port([A, B, MODEM], probe=B.serial.lower() + "\0") == B


def test_a_modem_is_no_board_unless_it_is_named() -> None:
    with pytest.raises(DeviceError, match="no debug probe"):
        choose_port([MODEM])
    assert choose_port([MODEM], port=MODEM.device) == MODEM


def test_a_probe_that_is_not_there_is_not_replaced_by_one_that_is() -> None:
    with pytest.raises(DeviceError, match="no debug probe with serial number 0671FF383159503043112607"):
        choose_port([A], probe=B.serial)
    with pytest.raises(DeviceError, match="belongs to probe"):
        choose_port([A, B], probe=B.serial, port=A.device)


def test_a_port_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match="/dev/ttyNOPE"):
        choose_port([A], port="/dev/ttyNOPE")


def test_what_is_no_serial_port_is_refused_as_such(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(DeviceError, match=f"{path} is not a serial port"):
            choose_port([A], port=str(path))


def test_a_link_to_a_port_is_that_port(tmp_path: Path) -> None:
    """As udev makes them: /dev/serial/by-id/usb-STMicroelectronics_..."""
    with FakeBoard() as board:
        listed = Port(board.port, A.serial, A.probe)
        link = tmp_path / "usb-STMicroelectronics_STM32_STLink_066DFF-if02"
        link.symlink_to(board.port)
        assert choose_port([listed, B], port=str(link)) == listed
        with pytest.raises(DeviceError, match="belongs to probe"):
            choose_port([listed, B], port=str(link), probe=B.serial)


def test_a_port_that_the_system_does_not_list_is_used_while_it_is_there() -> None:
    with FakeBoard() as board:
        unlisted = choose_port([A], port=board.port, probe=A.serial)
        assert (unlisted.device, unlisted.serial, unlisted.writer) == (board.port, "", A.serial)
        assert wait_for_port(unlisted, 0.3, lambda: [A]) == unlisted
    with pytest.raises(DeadlineError, match="did not reappear"):
        wait_for_port(unlisted, 0.3, lambda: [A])


def test_usb_ids_of_this_machine_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Info:
        def __init__(self, device: str, vid: int | None, pid: int | None, serial: str | None) -> None:
            self.device, self.vid, self.pid, self.serial_number = device, vid, pid, serial
            self.description, self.location = "n/a", "1-2:1.2"

    found = [Info("/dev/ttyS0", None, None, None), Info("/dev/ttyACM0", 0x0483, 0x374B, "066dff50\0")]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: found)
    acm, uart = serial_ports()
    assert (acm.probe, acm.serial) == ("ST-LINK/V2-1", "066DFF50")
    assert (uart.probe, uart.serial) == ("", "")


def test_a_probe_is_found_again_under_another_name(tmp_path: Path) -> None:
    """It re-enumerates: gone for a while, then back under a new name, while another appears under the old."""
    old, new = tmp_path / "ttyACM0", tmp_path / "ttyACM7"
    old.touch()
    started = time.monotonic()

    def listed() -> list[Port]:
        if time.monotonic() - started < 0.3:
            return [Port(str(old), B.serial, B.probe)]
        new.touch()
        return [Port(str(old), B.serial, B.probe), Port(str(new), A.serial, A.probe)]

    back = wait_for_port(Port(str(old), A.serial, A.probe), 5.0, listed)
    assert back.device == str(new)


def test_a_probe_that_stays_away_is_a_deadline(tmp_path: Path) -> None:
    with pytest.raises(DeadlineError, match="did not reappear"):
        wait_for_port(A, 0.3, lambda: [B])


def test_the_holder_of_a_busy_port_is_named() -> None:
    with FakeBoard() as board:
        script = (
            "import sys, serial; held = serial.Serial(sys.argv[1], exclusive=True); "
            "print(1, flush=True); input()"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", script, board.port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        other.stdout.readline()
        try:
            assert any(f"({other.pid})" in holder for holder in holders(board.port))
            with pytest.raises(DeviceError, match=rf"in use by .*\({other.pid}\)"):
                SerialLink(board.port, 115200)
        finally:
            other.communicate("\n")


def test_a_board_is_claimed_by_one_process_and_freed_with_it(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from micronas.device.lock import DeviceLock\nfrom micronas.device.ports import Port\n"
        "with DeviceLock(Port('/dev/x', 'ABC'), Path(sys.argv[1])):\n"
        "    print(1, flush=True)\n    time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    other.stdout.readline()
    with (
        pytest.raises(DeviceError, match=f"process {other.pid}"),
        DeviceLock(Port("/dev/y", "ABC"), tmp_path),
    ):
        pass
    with DeviceLock(Port("/dev/y", "DEF"), tmp_path):
        pass
    other.kill()
    other.wait()
    with DeviceLock(Port("/dev/y", "ABC"), tmp_path):
        pass
