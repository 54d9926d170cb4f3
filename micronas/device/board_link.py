"""The link to a real board: claimed, opened, answering, fast, and with a clock that was checked.

What stands between an open port and a figure that can be believed is here, in the order in which it is tried.
"""

from __future__ import annotations

import time
from pathlib import Path

from micronas.board import Board
from micronas.device.claim import CLAIMS_DIR, Claim
from micronas.device.client import MAX_REPEATS, Client
from micronas.device.ports import ListPorts, Port, serial_ports, wait_for_port
from micronas.device.replies import Counter, Info
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError

FAST_BAUD = 921_600
_ANSWER_DEADLINE_S = 5.0
_TRIAL_DEADLINE_S = 1.0
_RETURN_DEADLINE_S = 10.0
_CLOCK_TOLERANCE = 0.2
_SHORTEST_CHECK_S = 0.05


class BoardLink:
    """Entering claims the board behind ``port``, opens the port and waits for an answer; leaving frees both.

    ``fast`` tries 921600 baud and stays at the profile's rate when adapter or chip cannot.
    """

    def __init__(
        self,
        board: Board,
        port: Port,
        *,
        fast: bool = True,
        ports: ListPorts = serial_ports,
        claims_dir: Path = CLAIMS_DIR,
    ) -> None:
        self._board = board
        self._port = port
        self._fast = fast
        self._ports = ports
        self._claim = Claim(port, claims_dir)
        self._link: SerialLink | None = None

    def __enter__(self) -> SerialLink:
        self._claim.__enter__()
        try:
            self._link = self._open()
        except BaseException:
            self._claim.__exit__()
            raise
        return self._link

    def __exit__(self, *_: object) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        self._claim.__exit__()

    def _open(self) -> SerialLink:
        baud = self._board.uart.baud
        link = SerialLink(wait_for_port(self._port, _RETURN_DEADLINE_S, self._ports).device, baud)
        try:
            client = Client(link)
            _await_answer(client, link, baud)
            if self._fast and baud != FAST_BAUD:
                client.switch_baud(FAST_BAUD, link.set_baud, baud)
        except BaseException:
            link.close()
            raise
        return link


def _await_answer(client: Client, link: SerialLink, baud: int) -> None:
    """Raise ``DeviceError`` when the board answers at half or twice the rate: its clock is wrong."""
    try:
        client.info(_ANSWER_DEADLINE_S)
    except DeadlineError as silent:
        for factor, text in ((0.5, "half"), (2.0, "twice")):
            link.set_baud(round(baud * factor))
            if _answers(client):
                raise DeviceError(
                    f"{link.name}: the board answers at {text} the baud rate, so its core clock is {text} of "
                    "what the profile says",
                    remedy="check clock.source_hz in the board's profile: is it the crystal that is fitted?",
                ) from None
        raise silent


def _answers(client: Client) -> bool:
    try:
        client.info(_TRIAL_DEADLINE_S)
    except DeviceError:
        return False
    return True


def check_clock(client: Client, info: Info) -> float:
    """The core clock in Hz by the host's time; ``DeviceError`` when it is not near what the firmware says.

    Many runs against one: what the line and USB take is the same for both and drops out. Networks too short
    for the host's time to tell are not judged: then the answer is the firmware's own figure.
    """
    if info.counter is not Counter.CYCLES or client.link.emulated:
        return float(info.clock_hz)
    one_s, one_cycles = _timed(client, 1)
    many_s, many_cycles = _timed(client, MAX_REPEATS)
    elapsed_s = many_s - one_s
    if elapsed_s < _SHORTEST_CHECK_S:
        return float(info.clock_hz)
    seen_hz = (many_cycles - one_cycles) / elapsed_s
    if abs(seen_hz - info.clock_hz) > _CLOCK_TOLERANCE * info.clock_hz:
        raise DeviceError(
            f"the firmware says {info.clock_hz / 1e6:.1f} MHz, but by the host's time its counter runs at "
            f"{seen_hz / 1e6:.1f} MHz",
            remedy="a latency in milliseconds would be wrong; check the clock in the board's profile",
        )
    return seen_hz


def _timed(client: Client, repeats: int) -> tuple[float, int]:
    started = time.monotonic()
    _, counts = client.run(repeats)
    return time.monotonic() - started, sum(counts)
