"""One session of work on a board: flashed, opened, and restarted if the board is lost.

If a cable comes loose, a chip browns out or ModemManager consumes a reply, the board's state is lost. Figures
are then valid only if all of the work is repeated on a board that was verified again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from micronas.device.board_link import BoardLink, OpenSerial
from micronas.device.flash.board import RETURN_DEADLINE_S, answering, flash
from micronas.device.link import Link
from micronas.device.lock import LOCKS_DIR, DeviceLock
from micronas.device.ports import ListPorts, Port, serial_ports, wait_for_port
from micronas.device.serial_link import SerialLink
from micronas.device.usb import ListUsb, usb_devices
from micronas.errors import BoardLostError, DeadlineError, FlashError, MicronasError, WriterUnclearError
from micronas.firmware import Firmware

ATTEMPTS = 3
BOARD_DEADLINE_S = 300.0
"""No attempt starts in the second half of this time, and one takes less than half of it."""

_LOST = (BoardLostError, DeadlineError, FlashError)
T = TypeVar("T")


@dataclass(frozen=True)
class Access:
    """How this machine's boards are listed and opened; tests substitute pseudo terminals."""

    ports: ListPorts = serial_ports
    usb: ListUsb = usb_devices
    open_link: OpenSerial = SerialLink
    locks_dir: Path = LOCKS_DIR
    return_deadline_s: float = RETURN_DEADLINE_S


@dataclass(frozen=True)
class DeviceSession(Generic[T]):
    """The result of the work, and the reasons for which earlier attempts failed."""

    value: T
    failures: tuple[str, ...]


def use_board(
    firmware: Firmware,
    port: Port,
    work: Callable[[Link], T],
    *,
    attempts: int = ATTEMPTS,
    access: Access | None = None,
) -> DeviceSession[T]:
    """Flash ``firmware`` to the board behind ``port``, do ``work`` over its link, and free the board.

    If a board is lost (unplugged, reset, silent, failed upload), its serial number is waited for, the board
    is checked or flashed again, and the work is restarted at the profile's baud rate, with ``attempts``
    attempts in total. Any other error is repeatable and raised at once.
    """
    access = access or Access()
    failures: list[str] = []
    give_up_at = time.monotonic() + BOARD_DEADLINE_S / 2
    with DeviceLock(port, access.locks_dir):
        while True:
            try:
                return DeviceSession(
                    _attempt(firmware, port, work, access, first=not failures), tuple(failures)
                )
            except _LOST as error:
                failures.append(error.message)
                hopeless = isinstance(error, WriterUnclearError) or len(failures) >= attempts
                if hopeless or time.monotonic() >= give_up_at:
                    raise _final(error, failures) from error


def _attempt(firmware: Firmware, port: Port, work: Callable[[Link], T], access: Access, *, first: bool) -> T:
    found = wait_for_port(port, access.return_deadline_s, access.ports)
    if first or not _still_runs(firmware, found, access):
        flashed = flash(
            firmware,
            found,
            ports=access.ports,
            usb=access.usb,
            open_link=access.open_link,
            return_deadline_s=access.return_deadline_s,
        )
        found = flashed.port
    with BoardLink(
        firmware.board,
        found,
        fast=first,  # the board may have been lost because the line does not support the fast rate
        ports=access.ports,
        open_link=access.open_link,
        claimed=True,
    ) as link:
        return work(link)


def _still_runs(firmware: Firmware, port: Port, access: Access) -> bool:
    info, _ = answering(firmware, port, access.ports, access.open_link, access.return_deadline_s)
    return info is not None and info.build_id == firmware.build_id


def _final(error: MicronasError, failures: list[str]) -> MicronasError:
    """The last error, with the number of attempts."""
    if len(failures) == 1:
        return error
    return type(error)(f"{error.message} (after {len(failures)} attempts)", remedy=error.remedy)
