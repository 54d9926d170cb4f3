"""What is attached: probes with and without a port, other ports, who holds them, and the likely board."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import board_names
from micronas.cli.devices import _command, _row
from micronas.device.attached import Attached, Machine, attached, drive_labels, likely_boards
from micronas.device.lock import DeviceLock, owner
from micronas.device.ports import Port
from micronas.device.usb import UsbDevice

SERIAL = "066DFF505055657867184411"
NUCLEO = Port("/dev/ttyACM0", SERIAL, "ST-LINK/V2-1", "STM32 STLink")
MODEM = Port("/dev/ttyUSB0", "", "", "LTE modem")
GDB = Port("/dev/ttyACM1", "BMP1", "Black Magic Probe", interface=0)


def look(**changed: object) -> list[Attached]:
    parts: dict[str, object] = {
        "ports": lambda: (MODEM, NUCLEO, GDB),
        "usb": lambda: (UsbDevice("ST-LINK/V2", "AB12", "1-4"), UsbDevice(NUCLEO.probe, SERIAL, "1-1")),
        "holders": lambda device: (),
        "owner": lambda port: "",
        "labels": lambda: {SERIAL: "NOD_F446RE"},
    }
    return attached(board_names(), Machine(**(parts | changed)))  # type: ignore[arg-type]


def test_probes_come_first_and_each_is_there_once() -> None:
    assert [(a.what, a.serial, a.port, a.is_probe) for a in look()] == [
        ("ST-LINK/V2-1", SERIAL, "/dev/ttyACM0", True),
        ("ST-LINK/V2", "AB12", "", True),
        ("LTE modem", "", "/dev/ttyUSB0", False),
    ]


def test_the_next_command_names_the_board_and_the_probe() -> None:
    nucleo, alone, modem = look()
    assert nucleo.boards == ("nucleo_f446re",)
    assert _command(nucleo).endswith(f"flash MODEL.tflite --board nucleo_f446re --probe {SERIAL}")
    assert "--probe AB12 --port PORT" in _command(alone)
    assert "--port /dev/ttyUSB0    # if a board is on it" in _command(modem)
    assert _row(modem)[1] == "none"


def test_who_holds_a_port_is_named_and_comes_before_everything_else() -> None:
    (held, *_) = look(holders=lambda device: ("minicom (42)",) if device == NUCLEO.device else ())
    assert held.held_by == ("minicom (42)",)
    assert _command(held) == "close minicom (42) to use /dev/ttyACM0"
    (ours, *_) = look(owner=lambda port: "99" if port.serial == SERIAL else "")
    assert ours.held_by == ("micronas (99)",)


def test_a_system_that_lists_no_usb_devices_still_shows_ports() -> None:
    assert [a.port for a in look(usb=lambda: None)] == ["/dev/ttyACM0", "/dev/ttyUSB0"]


@pytest.mark.parametrize(
    ("label", "boards"),
    [
        ("NODE_F446RE", ("nucleo_f446re",)),
        ("NOD_L476RG", ("nucleo_l476rg",)),
        ("DIS_F746NG", ("disco_f746ng",)),
        ("F446RE", ()),
        ("NOD_", ()),
        ("USB DRIVE", ()),
        ("", ()),
    ],
)
def test_the_board_is_guessed_from_the_drives_label_alone(label: str, boards: tuple[str, ...]) -> None:
    assert likely_boards(label, board_names()) == boards


def test_the_drive_is_found_behind_its_probe(tmp_path: Path) -> None:
    device = tmp_path / "sys" / "1-1"
    (device / "1-1:1.0" / "host3" / "target3:0:0" / "3:0:0:0" / "block" / "sdx").mkdir(parents=True)
    for name, text in (("idVendor", "0483"), ("idProduct", "374b"), ("serial", SERIAL)):
        (device / name).write_text(text + "\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "sdx").touch()
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "NOD_F446RE").symlink_to(tmp_path / "dev" / "sdx")
    assert drive_labels(tmp_path / "labels", tmp_path / "sys") == {SERIAL: "NOD_F446RE"}
    assert drive_labels(tmp_path / "none", tmp_path / "sys") == {}


def test_the_boards_lock_tells_its_owner(tmp_path: Path) -> None:
    assert owner(NUCLEO, tmp_path) == ""
    with DeviceLock(NUCLEO, tmp_path):
        assert owner(NUCLEO, tmp_path).isdigit()
    assert owner(NUCLEO, tmp_path) == ""
