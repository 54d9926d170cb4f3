"""QEMU as a board: the same ELF, its UART opened through pyserial like any port.

``-icount`` gives every instruction a fixed time of the machine, so that a timer counts executed instructions,
the same number in every run. They are not cycles.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from micronas.board import Board, Emulator
from micronas.board.twin import MACHINES
from micronas.device.client import Client
from micronas.device.emulator_process import EmulatorProcess
from micronas.device.link import Link
from micronas.device.serial_link import SerialLink
from micronas.errors import DeadlineError, DeviceError, EmulatorEndedError, ToolMissingError
from micronas.host.machine_fault import fault_in_words
from micronas.host.process_group import run_group
from micronas.host.program_output import shown

QEMU = "qemu-system-arm"
START_DEADLINE_S = 20.0
_END_S = 0.3
_LOCKUP = "Lockup"
_MACHINES = "`micronas doctor` shows whether this QEMU has the machine; QEMU 7.2 and later have all of them"
_PTY = re.compile(r"char device redirected to (\S+)")
# An instruction takes 2^shift ns. The STM32 machines' timers tick every nanosecond, so with 0 a tick is one
# instruction; this one has only SysTick (see firmware/port/counter_dwt_systick).
_ICOUNT_SHIFTS = {"stm32vldiscovery": 7}


def answers_hello(link: Link, deadline_s: float) -> None:
    """Raise ``DeadlineError`` unless a firmware with the protocol of PROTOCOL.md replies."""
    Client(link).info(deadline_s)


class QemuDevice:
    """A running emulator; entering returns the link to its UART, leaving always ends the process.

    ``answers`` waits until the firmware replies (link, deadline in seconds); the default uses PROTOCOL.md.
    ``log_options`` are QEMU's (``-d``, ``-D``); nothing is counted then (``qemu_command``).
    """

    def __init__(
        self,
        board: Board,
        elf: Path,
        *,
        start_deadline_s: float = START_DEADLINE_S,
        answers: Callable[[Link, float], None] = answers_hello,
        log_options: Sequence[str] = (),
    ) -> None:
        if board.emulator is None:
            raise no_machine(board)
        self._command = qemu_command(board.emulator, elf, log_options)
        self._baud = board.uart.baud
        self._start_deadline_s = start_deadline_s
        self._answers = answers
        self._process: EmulatorProcess | None = None
        self._started = ExitStack()

    def __enter__(self) -> SerialLink:
        with ExitStack() as starting:
            process = self._process = EmulatorProcess([find_qemu(), *self._command])
            starting.callback(process.close)
            link = starting.enter_context(SerialLink(self._wait_for_pty(process), self._baud, emulated=True))
            self._await_firmware(process, link)
            self._started = starting.pop_all()
        return link

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        ended = _ended(process) if process and isinstance(error, DeviceError) else None
        self.close()
        if ended is not None:
            raise ended from error

    @property
    def pid(self) -> int | None:
        """Process id of the running emulator, None if there is none."""
        return self._process.pid if self._process and self._process.runs else None

    def close(self) -> None:
        """End the emulator and reap it; may be called repeatedly."""
        self._started.close()

    def _wait_for_pty(self, process: EmulatorProcess) -> str:
        deadline = time.monotonic() + self._start_deadline_s
        while time.monotonic() < deadline:
            running, said = process.runs, process.said()
            match = _PTY.search(said)
            if match:
                return match[1]
            if not running:
                fault = fault_in_words(said)
                raise EmulatorEndedError(
                    f"{QEMU} ended immediately with {process.exit_text}: {shown(said) or 'no message'}",
                    remedy=fault.remedy if fault is not None else _MACHINES,
                )
            time.sleep(0.005)
        raise DeadlineError(
            f"{QEMU} did not open a serial port within {self._start_deadline_s:g} s: {shown(process.said())}",
            remedy="the machine may be overloaded: lower workers, then try again",
        )

    def _await_firmware(self, process: EmulatorProcess, link: SerialLink) -> None:
        """Wait for the firmware: bytes sent before it enables its UART are lost."""
        try:
            self._answers(link, self._start_deadline_s)
        except DeviceError as error:
            if (ended := _ended(process)) is not None:
                raise ended from error
            if not isinstance(error, DeadlineError):
                raise
            raise DeadlineError(
                f"the firmware did not reply within {self._start_deadline_s:g} s: {shown(process.said())}",
                remedy="the machine may be overloaded: lower workers, then try again",
            ) from error


def _ended(process: EmulatorProcess) -> DeviceError | None:
    """The error for an emulator that ended by itself, None for one that runs.

    QEMU also aborts when the firmware locks the processor up, which is the firmware's fault.
    """
    if not process.wait(_END_S):
        return None
    said = process.said()
    kind = DeviceError if _LOCKUP in said else EmulatorEndedError
    return kind(
        f"{QEMU} ended while the firmware ran, with {process.exit_text}: {shown(said) or 'no message'}",
        remedy="if something else stopped it, for example for lack of memory, free memory or lower workers",
    )


def require_qemu(board: Board) -> None:
    """Raise ``DeviceError`` if no machine can run ``board``, ``ToolMissingError`` if QEMU is missing."""
    if board.emulator is None:
        raise no_machine(board)
    executable = find_qemu()
    if board.emulator.machine not in known_machines(executable):
        raise DeviceError(
            f"{_version(executable)} has no machine {board.emulator.machine!r}, needed by {board.name}",
            remedy=f"`{QEMU} -machine help` lists its machines; install a newer QEMU, or use --device serial",
        )


def no_machine(board: Board) -> DeviceError:
    """The error for a board without a QEMU machine."""
    return DeviceError(
        f"board {board.name} has no QEMU machine", remedy="use --device serial, or another board"
    )


@functools.cache
def known_machines(executable: str) -> frozenset[str]:
    """Names of the machines that the emulator at ``executable`` has."""
    return frozenset(
        line.split()[0] for line in _ask(executable, "-machine", "help").splitlines()[1:] if line
    )


def _version(executable: str) -> str:
    """For example ``QEMU emulator version 7.2.22``."""
    return shown(_ask(executable, "--version").partition("(")[0], 80) or QEMU


def _ask(executable: str, *arguments: str) -> str:
    try:
        asked = run_group([executable, *arguments], deadline_s=START_DEADLINE_S, with_errors=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceError(
            f"{executable} {' '.join(arguments)}: {error}", remedy="`micronas doctor` checks the emulators"
        ) from error
    return asked.output


def find_qemu() -> str:
    """Path of the emulator; raises ``ToolMissingError`` with the install command."""
    executable = shutil.which(QEMU)
    if executable is None:
        raise ToolMissingError(
            f"{QEMU} is not on PATH, so firmware cannot be emulated",
            remedy="Debian/Ubuntu: apt install qemu-system-arm; macOS: brew install qemu",
        )
    return executable


def qemu_command(emulator: Emulator, elf: Path, log_options: Sequence[str] = ()) -> list[str]:
    """Arguments of qemu-system-arm: the machine, the ELF, and the board's UART on a pseudo terminal.

    With ``log_options`` there is no ``-icount``, which would cut blocks of code where its budget ends.
    """
    stand_in = MACHINES.get(emulator.machine)
    shift = stand_in.icount_shift if stand_in else _ICOUNT_SHIFTS.get(emulator.machine, 0)
    unused_uarts = ["-serial", "null"] * emulator.uart_index
    return [
        *("-machine", emulator.machine),
        *(stand_in.qemu_options if stand_in else ()),
        *("-display", "none"),
        *("-monitor", "none"),
        *(log_options or ("-icount", f"shift={shift}")),
        *("-kernel", str(elf)),
        *unused_uarts,
        *("-chardev", "pty,id=uart,mux=on"),
        *("-echr", "256"),
        *("-serial", "chardev:uart"),
    ]
