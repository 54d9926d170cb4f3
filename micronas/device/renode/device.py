"""A running Renode: the board's own ELF on its generated platform, with the UART opened by pyserial.

The process has a private home, configuration and temporary folder: it does not read or change the user's
files.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from micronas.board import Board
from micronas.device.emulator_process import EmulatorProcess
from micronas.device.link import Link
from micronas.device.qemu import answers_hello
from micronas.device.renode.commands import connect_commands, machine_commands, path_token, terminal_command
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.find import find_renode
from micronas.device.renode.output import cause_of_end, control_port
from micronas.device.renode.platform import platform_text
from micronas.device.renode.stray_accesses import count_stray_accesses, first_logged
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError, EmulatorEndedError
from micronas.host.temporary_folder import temporary_folder

START_DEADLINE_S = 60.0
LISTENS_EVERYWHERE = (
    "Renode's control port and UART are open on all network interfaces while it runs, and no "
    "option prevents this: use it behind a firewall or in a container"
)
_PORTS_TRIED = 3
_POLL_S = 0.02
_END_S = 0.3


class RenodeDevice:
    """Entering returns the link to the firmware; leaving always ends the process.

    Leaving raises ``DeviceError`` if the firmware accessed addresses outside the chip's memory, or if Renode
    does not report whether it did: the outputs of such a run prove nothing.

    ``answers`` waits until the firmware answers (link, deadline in seconds); the default is that of
    PROTOCOL.md.
    """

    def __init__(
        self,
        board: Board,
        elf: Path,
        *,
        start_deadline_s: float = START_DEADLINE_S,
        answers: Callable[[Link, float], None] = answers_hello,
    ) -> None:
        self._board, self._elf, self._deadline_s = board, elf, start_deadline_s
        self._answers = answers
        self._process: EmulatorProcess | None = None
        self._control: RenodeControl | None = None
        self._started = ExitStack()

    def __enter__(self) -> SerialLink:
        with ExitStack() as starting:
            try:
                link = self._start(starting)
            except DeviceError as error:
                kind = EmulatorEndedError if self._ended() else type(error)
                if not (said := cause_of_end(self._said())):
                    raise kind(error.message, remedy=error.remedy) from error
                raise kind(f"{error.message}; output: {said}", remedy=error.remedy) from error
            self._started = starting.pop_all()
        return link

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, DeviceError) and self._process and self._ended():
                said = cause_of_end(self._said()) or "no message"
                raise EmulatorEndedError(
                    f"Renode ended while the firmware ran, with {self._process.exit_text}: {said}"
                ) from error
            self._refuse_strays(error)
        finally:
            self.close()

    def _ended(self) -> bool:
        return self._process is not None and self._process.wait(_END_S)

    @property
    def pid(self) -> int | None:
        """Process id of the running Renode; None if it does not run."""
        return self._process.pid if self._process and self._process.runs else None

    def close(self) -> None:
        """End Renode with all its children and remove its folder; may be called again."""
        self._started.close()

    def _start(self, starting: ExitStack) -> SerialLink:
        executable = find_renode()
        end = time.monotonic() + self._deadline_s
        folder = starting.enter_context(temporary_folder("micronas-renode-"))
        platform = folder / "board.repl"
        platform.write_text(platform_text(self._board), encoding="utf-8")
        elf = Path(shutil.copyfile(self._elf, folder / "firmware.elf"))
        process = self._process = _run(executable, folder)
        starting.callback(process.close)
        control = self._control = RenodeControl(self._await_port(process, end))
        control.await_ready(max(1.0, end - time.monotonic()), lambda: process.runs)
        for command in machine_commands(self._board, path_token(platform), path_token(elf)):
            control.execute(command)
        uart_port = _open_terminal(control)
        for command in connect_commands(self._board):
            control.execute(command)
        # Connected before the machine starts: the link has all that the firmware says.
        socket_url = f"socket://127.0.0.1:{uart_port}"
        link = starting.enter_context(SerialLink(socket_url, self._board.uart.baud, emulated=True))
        control.execute("start")
        self._answers(link, max(1.0, end - time.monotonic()))
        return link

    def _await_port(self, process: EmulatorProcess, end: float) -> int:
        """The control port. Renode chooses it, so that no other program can take it first."""
        while True:
            running = process.runs
            if (port := control_port(self._said())) is not None:
                return port
            if not running:
                raise EmulatorEndedError(f"Renode ended immediately with {process.exit_text}")
            if time.monotonic() >= end:
                raise DeadlineError(f"Renode did not open its control port within {self._deadline_s:g} s")
            time.sleep(_POLL_S)

    def _refuse_strays(self, error: BaseException | None) -> None:
        """After a failed run, Renode may not answer any more: use only what the log has."""
        count = 0
        if error is None and self._control:
            count = count_stray_accesses(self._control)
        first = first_logged(self._said, wait=count > 0)
        if count or first:
            raise DeviceError(
                f"{self._board.name} in Renode: {count or 'some'} accesses outside its memory"
                + (f", the first: {first}" if first else ""),
                remedy="discard all results of this run, and please report the model",
            ) from error

    def _said(self) -> list[str]:
        return self._process.said().splitlines() if self._process else []


def _open_terminal(control: RenodeControl) -> int:
    """Open the UART's socket on a free port and return the port; others are tried if it is taken first."""
    for port in free_ports(_PORTS_TRIED):
        try:
            control.execute(terminal_command(port))
            return port
        except DeadlineError:
            raise
        except DeviceError as error:
            refusal = error
    raise DeviceError(f"Renode could not open any of {_PORTS_TRIED} ports: {refusal.message}") from refusal


def _run(executable: str, folder: Path) -> EmulatorProcess:
    own = {"HOME": str(folder), "TMPDIR": str(folder), "RENODE_CI_MODE": "YES"}
    command = [executable, *renode_arguments(folder)]
    return EmulatorProcess(command, cwd=folder, environment={**os.environ, **own})


def renode_arguments(folder: Path) -> list[str]:
    """Renode's arguments: no window or colours, a private configuration, and a control port of its choice."""
    return [
        "--disable-gui",
        "--plain",
        *("--config", str(folder / "renode.config")),
        *("--robot-server-port", "0"),
    ]


def free_ports(count: int) -> list[int]:
    """Distinct ports on which no program listens at present."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
