"""A running Renode: the board's own ELF on its generated platform, the UART opened through pyserial.

The process gets a home, a configuration and a temporary folder of its own, so that it neither reads nor
leaves anything of the user's. Renode listens on all interfaces while it runs; it has no option against that.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from micronas.board import Board
from micronas.device.emulator_process import EmulatorProcess
from micronas.device.link import Link
from micronas.device.qemu import answers_hello
from micronas.device.renode.commands import start_commands
from micronas.device.renode.control import RenodeControl
from micronas.device.renode.find import find_renode
from micronas.device.renode.platform import platform_text
from micronas.device.renode.stray_accesses import count_stray_accesses, first_logged
from micronas.device.serial_link import SerialLink
from micronas.errors import DeviceError

START_DEADLINE_S = 60.0


class RenodeDevice:
    """Entering gives the link to the firmware; leaving ends the process whatever happened.

    Leaving raises ``DeviceError`` when the firmware read or wrote where the chip has nothing, and when Renode
    does not say whether it did: such a run's outputs prove nothing.

    ``answers`` waits until the firmware answers (link, deadline in seconds); the default knows PROTOCOL.md's.
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
                if not (said := self._last_words()):
                    raise
                raise type(error)(f"{error.message}; it said: {said}", remedy=error.remedy) from error
            self._started = starting.pop_all()
        return link

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._refuse_strays(error)
        finally:
            self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the running Renode, None when there is none."""
        return self._process.pid if self._process and self._process.runs else None

    def close(self) -> None:
        """End Renode with all its children and remove its folder; may be called again."""
        self._started.close()

    def _start(self, starting: ExitStack) -> SerialLink:
        executable = find_renode()
        end = time.monotonic() + self._deadline_s
        folder = Path(tempfile.mkdtemp(prefix="micronas-renode-"))
        starting.callback(shutil.rmtree, folder, ignore_errors=True)
        platform = folder / "board.repl"
        platform.write_text(platform_text(self._board), encoding="utf-8")
        elf = Path(shutil.copyfile(self._elf, folder / "firmware.elf"))
        control_port, uart_port = free_ports(2)
        process = self._process = _run(executable, folder, control_port)
        starting.callback(process.close)
        control = self._control = RenodeControl(control_port)
        control.await_ready(self._deadline_s, lambda: process.runs)
        for command in start_commands(self._board, platform, elf, uart_port):
            control.execute(command)
        # Connected before the machine starts: the link has all that the firmware says.
        socket_url = f"socket://127.0.0.1:{uart_port}"
        link = starting.enter_context(SerialLink(socket_url, self._board.uart.baud, emulated=True))
        control.execute("start")
        self._answers(link, max(1.0, end - time.monotonic()))
        return link

    def _refuse_strays(self, error: BaseException | None) -> None:
        """A run that went wrong already, maybe with Renode, is judged by what the log has."""
        count = 0
        if error is None and self._control:
            count = count_stray_accesses(self._control)
        first = first_logged(self._said, wait=count > 0)
        if count or first:
            raise DeviceError(
                f"{self._board.name} in Renode: {count or 'some'} accesses outside its memory"
                + (f", the first: {first}" if first else ""),
                remedy="nothing that came from this run is to be believed; please report the model",
            ) from error

    def _said(self) -> list[str]:
        return self._process.said().splitlines() if self._process else []

    def _last_words(self) -> str:
        return " | ".join(line.strip() for line in self._said()[-3:])


def _run(executable: str, folder: Path, control_port: int) -> EmulatorProcess:
    own = {"HOME": str(folder), "TMPDIR": str(folder), "RENODE_CI_MODE": "YES"}
    command = [executable, *renode_arguments(folder, control_port)]
    return EmulatorProcess(command, cwd=folder, environment={**os.environ, **own})


def renode_arguments(folder: Path, control_port: int) -> list[str]:
    """Renode's arguments: no window, no colours, its own configuration, the control port."""
    return [
        "--disable-gui",
        "--plain",
        *("--config", str(folder / "renode.config")),
        *("--robot-server-port", str(control_port)),
    ]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
