"""Serial numbers, ports and boards reach uploaders and PlatformIO's ini only if they are plain names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from micronas.board import load_board
from micronas.board.profile import Board
from micronas.device.flash.writer import Writer
from micronas.device.ports import Port
from micronas.errors import WriterUnclearError


@pytest.mark.parametrize("serial", ["066BFF495087534867081234", "000683012345", "E4-1_0.2", ""])
def test_serial_numbers_of_probes(serial: str) -> None:
    assert Writer("stlink", serial).serial == serial


@pytest.mark.parametrize(
    "serial", ["1; shutdown", "1\nupload_command = rm", '1"', "$(id)", "[exec id]", "${x}"]
)
def test_a_serial_number_that_says_more_is_not_passed_on(serial: str) -> None:
    with pytest.raises(WriterUnclearError, match="is not passed to an uploader"):
        Writer("stlink", serial)


def test_ports() -> None:
    for port in ("/dev/ttyACM0", "/dev/serial/by-id/usb-ST_1-if02", "COM3", r"\\.\COM12"):
        assert Writer("blackmagic", port=port).port == port
    for port in ("/dev/ttyACM0; id", "/dev/tty\nx", "/dev/$HOME"):
        with pytest.raises(WriterUnclearError):
            Writer("blackmagic", port=port)


def test_what_a_device_says_of_itself_does_not_steer_the_terminal() -> None:
    assert str(Port("/dev/ttyACM0", "1\n2", description="\x1b[2Jx")) == (
        r"/dev/ttyACM0 (\x1b[2Jx, serial 1\n2)"
    )


@pytest.mark.parametrize("key", ["name", "mcu", "family", "platformio_board"])
@pytest.mark.parametrize("value", ["x]\n[env:y", "../x", "a b", "", "$HOME"])
def test_a_boards_ids_are_plain_names(key: str, value: str) -> None:
    data = load_board("nucleo_f446re").model_dump(mode="json")
    assert Board.model_validate(data).name == "nucleo_f446re"
    with pytest.raises(ValidationError, match=f"{key}\n"):
        Board.model_validate({**data, key: value})
