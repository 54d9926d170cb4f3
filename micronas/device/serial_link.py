"""A link over anything that pyserial opens: a serial port, a pseudo terminal, ``socket://``."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import serial

from micronas.device.ports import holders
from micronas.errors import BoardLostError, DeviceError

_SLICE_S = 0.02
_UNPLUGGED = "check cable and power supply, then plug the board in again"
_WRITE_DEADLINE_S = 1.0  # a frame takes 25 ms at 115200 baud


class SerialLink:
    """An open port. Usable as a context manager; closing twice is safe.

    ``emulated`` is the default for everything that is not a serial port of this machine. At the other end of
    a pseudo terminal or a socket is another program, whose counts must not be labelled as measured.
    """

    def __init__(self, port: str, baud: int, *, emulated: bool | None = None) -> None:
        self.name = port
        self.emulated = not is_hardware(port) if emulated is None else emulated
        self._port = _open(port, baud)

    def read(self, timeout_s: float) -> bytes:
        """Bytes that have arrived, after waiting up to ``timeout_s``; see ``Link``."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                data = self._port.read(1)
                if data:
                    return bytes(data + self._port.read(self._port.in_waiting))
                if time.monotonic() >= deadline:
                    return b""
        except (serial.SerialException, OSError, TypeError) as error:
            # pyserial raises TypeError for a closed file descriptor
            raise BoardLostError(
                f"{self.name}: the port disappeared while reading ({error})", remedy=_UNPLUGGED
            ) from error

    def write(self, data: bytes) -> None:
        """Send all of ``data``; see ``Link``."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise BoardLostError(
                f"{self.name}: cannot write to the port ({error})", remedy=_UNPLUGGED
            ) from error

    def set_baud(self, baud: int) -> None:
        """Set the host's end of the line to ``baud``."""
        try:
            self._port.baudrate = baud
        except ValueError as error:
            raise DeviceError(f"{self.name}: the port does not support {baud} baud ({error})") from error
        except (serial.SerialException, OSError, TypeError) as error:
            raise BoardLostError(f"{self.name}: cannot set the port to {baud} baud ({error})") from error

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def __enter__(self) -> SerialLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_hardware(port: str) -> bool:
    """Whether ``port`` is a serial port of this machine and not a pseudo terminal or a socket."""
    return "://" not in port and not os.path.realpath(port).startswith("/dev/pts/")


def _open(port: str, baud: int) -> serial.Serial:
    try:
        opened = serial.serial_for_url(
            port, do_not_open=True, baudrate=baud, timeout=_SLICE_S, write_timeout=_WRITE_DEADLINE_S
        )
        if "://" not in port:
            opened.exclusive = True
        opened.open()
    except (serial.SerialException, OSError, ValueError) as error:
        raise _cannot_open(port, error) from error
    return opened


def _cannot_open(port: str, error: Exception) -> DeviceError:
    code = getattr(error, "errno", None)
    if code == errno.EACCES:
        return DeviceError(f"{port}: no permission to open the port", remedy=_permission_remedy(port))
    held_by = holders(port)
    if held_by:
        return DeviceError(
            f"{port}: cannot open the port, it is in use by {', '.join(held_by)}",
            remedy="close it, then try again",
        )
    return BoardLostError(
        f"{port}: cannot open the port ({error})", remedy="`micronas doctor` lists the available ports"
    )


def _permission_remedy(port: str) -> str:
    """Distributions grant access to serial ports by group membership; root is never needed."""
    try:
        group = Path(port).group()
    except (OSError, KeyError):
        group = "dialout"
    return (
        f"join the group that owns it (usermod --append --groups {group} USER, then log in again) or copy "
        "the udev rules that `micronas doctor` names: they let the logged-in user open debug probes"
    )
