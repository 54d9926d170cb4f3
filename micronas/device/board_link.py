"""The link to a real board: locked, opened, verified, and at the fastest reliable baud rate.

This module has all steps from a port to a reliable connection, in the order in which they are tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeAlias

from micronas.board import Board
from micronas.device.client import Client
from micronas.device.line_check import carries_frames
from micronas.device.lock import LOCKS_DIR, DeviceLock
from micronas.device.ports import ListPorts, Port, holders, serial_ports, wait_for_port
from micronas.device.serial_link import SerialLink
from micronas.errors import BoardLostError, DeadlineError, DeviceError

FAST_BAUDS = (921_600, 460_800, 230_400)
OpenSerial: TypeAlias = Callable[[str, int], SerialLink]
_ANSWER_DEADLINE_S = 5.0
_TRIAL_DEADLINE_S = 1.0
_RETURN_DEADLINE_S = 10.0
_RETRY_S = 0.2
_MODEM_MANAGER = "ModemManager"


class BoardLink:
    """Entering locks the board behind ``port``, opens the port and waits for a reply; leaving releases both.

    ``fast`` tries 921600 baud and below, and keeps the profile's rate if adapter, line or chip cannot do
    more. ``claimed``: the caller already holds the lock.
    """

    def __init__(
        self,
        board: Board,
        port: Port,
        *,
        fast: bool = True,
        ports: ListPorts = serial_ports,
        open_link: OpenSerial = SerialLink,
        locks_dir: Path = LOCKS_DIR,
        claimed: bool = False,
    ) -> None:
        self._board = board
        self._port = port
        self._fast = fast
        self._ports = ports
        self._open_link = open_link
        self._claim: AbstractContextManager[object] = (
            nullcontext() if claimed else DeviceLock(port, locks_dir)
        )
        self._link: SerialLink | None = None

    def __enter__(self) -> SerialLink:
        self._claim.__enter__()
        try:
            self._link = self._open()
        except BaseException:
            self._claim.__exit__(None, None, None)
            raise
        return self._link

    def __exit__(self, *_: object) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        self._claim.__exit__(None, None, None)

    def _open(self) -> SerialLink:
        link = self._open_port()
        try:
            client = Client(link)
            _await_answer(client, link, self._board)
            if self._fast:
                _speed_up(client, link, self._board.uart.baud)
        except BaseException:
            link.close()
            raise
        return link

    def _open_port(self) -> SerialLink:
        """ModemManager probes every new port for some seconds; other programs are not waited for."""
        deadline = time.monotonic() + _RETURN_DEADLINE_S
        while True:
            device = wait_for_port(self._port, _RETURN_DEADLINE_S, self._ports).device
            try:
                return self._open_link(device, self._board.uart.baud)
            except DeviceError as error:
                lost = isinstance(error, BoardLostError) or _only_modem_manager(holders(device))
                if not lost or time.monotonic() >= deadline:
                    raise
            time.sleep(_RETRY_S)


def _only_modem_manager(names: tuple[str, ...]) -> bool:
    return bool(names) and all(name.startswith(_MODEM_MANAGER) for name in names)


def _await_answer(client: Client, link: SerialLink, board: Board) -> None:
    """Raise ``DeviceError`` if the board replies at half or twice the baud rate: its clock is wrong."""
    try:
        client.info(_ANSWER_DEADLINE_S)
    except DeadlineError as silent:
        for factor, text in ((0.5, "half"), (2.0, "twice")):
            link.set_baud(round(board.uart.baud * factor))
            if _answers(client):
                raise DeviceError(
                    f"{link.name}: the board replies at {text} the baud rate, so its core runs at "
                    f"{factor * board.clock.hz / 1e6:g} MHz, not at the {board.clock.hz / 1e6:g} MHz "
                    "that it was built for",
                    remedy=f"check that clock.source_hz in the board's profile "
                    f"({board.clock.source_hz / 1e6:g} MHz) matches the fitted crystal",
                ) from None
        raise silent


def _speed_up(client: Client, link: SerialLink, profile_baud: int) -> None:
    """The fastest rate at which long frames arrive intact; otherwise the profile's."""
    for baud in FAST_BAUDS:
        if baud > profile_baud and client.switch_baud(baud, link.set_baud, profile_baud, carries_frames):
            return


def _answers(client: Client) -> bool:
    try:
        client.info(_TRIAL_DEADLINE_S)
    except DeviceError:
        return False
    return True
