"""A running Renode: the board's own ELF on its generated platform, the UART opened through pyserial.

The process gets a home, a configuration and a temporary folder of its own, so that it neither reads nor
leaves anything of the user's. Renode listens on all interfaces while it runs; it has no option against that.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from micronas.board import Board
from micronas.device.client import Client
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError
from micronas.renode.control import RenodeControl
from micronas.renode.find import find_renode
from micronas.renode.platform import platform_text

START_DEADLINE_S = 60.0
_STRAY = "non existing peripheral"
TERMINAL = "uart_socket"


class RenodeDevice:
    """Entering gives the link to the firmware; leaving ends the process whatever happened.

    Leaving raises ``DeviceError`` when the firmware read or wrote where the chip has nothing: Renode only
    logs that and goes on, and such a run's outputs prove nothing.
    """

    def __init__(self, board: Board, elf: Path, *, start_deadline_s: float = START_DEADLINE_S) -> None:
        self._board, self._elf, self._deadline_s = board, elf, start_deadline_s
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._link: SerialLink | None = None

    def __enter__(self) -> SerialLink:
        try:
            return self._start()
        except BaseException as error:
            said = self._last_words()
            self.close()
            if isinstance(error, DeviceError | DeadlineError) and said:
                raise type(error)(f"{error.message}; it said: {said}", remedy=error.remedy) from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        strays = self._strays()
        self.close()
        if strays:
            raise DeviceError(
                f"{self._board.name} in Renode: {len(strays)} accesses outside its memory, "
                f"the first: {strays[0]}",
                remedy="nothing that came from this run is to be believed; please report the model",
            ) from error

    @property
    def pid(self) -> int | None:
        """Process id of the running Renode, None when there is none."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End Renode with all its children and remove its folder; may be called again."""
        atexit.unregister(self.close)
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> SerialLink:
        executable = find_renode()
        end = time.monotonic() + self._deadline_s
        self._folder = Path(tempfile.mkdtemp(prefix="micronas-renode-"))
        platform = self._folder / "board.repl"
        platform.write_text(platform_text(self._board), encoding="utf-8")
        elf = Path(shutil.copyfile(self._elf, self._folder / "firmware.elf"))
        control_port, uart_port = free_ports(2)
        self._run(executable, control_port)
        control = RenodeControl(control_port)
        control.await_ready(self._deadline_s, self._runs)
        for command in start_commands(self._board, platform, elf, uart_port):
            control.execute(command)
        # Connected before the machine starts: a byte sent to nobody is lost.
        self._link = SerialLink(f"socket://127.0.0.1:{uart_port}", self._board.uart.baud, emulated=True)
        control.execute("start")
        Client(self._link).info(max(1.0, end - time.monotonic()))
        return self._link

    def _run(self, executable: str, control_port: int) -> None:
        assert self._folder is not None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        atexit.register(self.close)
        own = {"HOME": str(self._folder), "TMPDIR": str(self._folder), "RENODE_CI_MODE": "YES"}
        try:
            self._process = subprocess.Popen(
                [executable, *renode_arguments(self._folder, control_port)],
                cwd=self._folder,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise DeviceError(f"{executable} does not start ({error})") from error

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _said(self) -> list[str]:
        if self._output is None:
            return []
        # pread leaves the position alone, which is also where the process writes
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace").splitlines()

    def _strays(self) -> list[str]:
        return [line.strip() for line in self._said() if _STRAY in line]

    def _last_words(self) -> str:
        return " | ".join(line.strip() for line in self._said()[-3:])


def renode_arguments(folder: Path, control_port: int) -> list[str]:
    """Renode's arguments: no window, no colours, its own configuration, the control port."""
    return [
        "--disable-gui",
        "--plain",
        *("--config", str(folder / "renode.config")),
        *("--robot-server-port", str(control_port)),
    ]


def machine_commands(board: Board, platform: Path | str, elf: Path | str) -> list[str]:
    """Monitor commands that make the machine and load the firmware; shared with the script for users."""
    return [
        f'mach create "{board.name}"',
        f"machine LoadPlatformDescription @{platform}",
        f"sysbus LoadELF @{elf}",
    ]


def start_commands(board: Board, platform: Path, elf: Path, uart_port: int) -> list[str]:
    """Monitor commands up to, but without, ``start``; the UART is raw bytes on a socket."""
    return [
        *machine_commands(board, platform, elf),
        "emulation SetGlobalAdvanceImmediately true",
        f'emulation CreateServerSocketTerminal {uart_port} "{TERMINAL}" false',
        f"connector Connect sysbus.{board.uart.name} {TERMINAL}",
    ]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
