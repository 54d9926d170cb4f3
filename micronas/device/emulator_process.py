"""An emulator's process: its output is captured, and it always ends together with all its children.

A thread reads the output and keeps its beginning and its end: a file could fill the disk, and a pipe that is
not read would stop the emulator.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from micronas.errors import EmulatorEndedError
from micronas.host.process_group import kill_group
from micronas.host.program_output import exit_text, read_in_background

_PR_SET_PDEATHSIG = 1
_DRAIN_S = 2.0
"""For reading the rest of an ended process's output, which a child may hold open."""


class EmulatorProcess:
    """A running emulator; raises ``EmulatorEndedError`` if it cannot be started.

    It leads its own process group, so that Ctrl-C reaches it only through ``close``.
    """

    def __init__(
        self, command: Sequence[str], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        try:
            words, prepare = _dying_with_parent(command)
            self._process = subprocess.Popen(
                words,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                bufsize=0,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=prepare,
            )
        except OSError as error:
            raise EmulatorEndedError(
                f"{command[0]} does not start ({error})", remedy="`micronas doctor` checks the emulators"
            ) from error
        self._closed = False
        assert self._process.stdout is not None, "asked for by PIPE"
        self._output, self._reader = read_in_background(self._process.stdout)
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it is still running."""
        return self._process.poll() is None

    def said(self) -> str:
        """Its output so far, without the middle of more than 2 MB; empty after ``close``."""
        if self._closed:
            return ""
        if not self.runs:
            self._reader.join(_DRAIN_S)
        return self._output.text()

    @property
    def exit_text(self) -> str:
        """How it ended: ``exit code 1`` or ``signal 9``."""
        return exit_text(self._process.poll())

    def wait(self, timeout_s: float) -> bool:
        """Whether it ends within ``timeout_s``."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End the whole group and reap the process; may be called again."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill_group(self._process)  # also children of an ended process
        self._process.wait()
        self._reader.join(_DRAIN_S)  # closes the pipe, unless a child outside the group holds it open


def _dying_with_parent(command: Sequence[str]) -> tuple[Sequence[str], Callable[[], None] | None]:
    """What to start, and what to call in the child, so that the kernel kills it when its parent ends.

    setpriv of util-linux asks for that. Without it, Python has to, between fork and exec: a fork of a process
    that has loaded TensorFlow copies its page tables, 15 ms of CPU time that ``vfork`` does not take.
    """
    if sys.platform != "linux":
        return command, None
    setpriv = shutil.which("setpriv")
    if setpriv is None or shutil.which(command[0]) is None:  # Popen says why a command does not start
        return command, _die_with_parent
    return [setpriv, "--pdeathsig", "KILL", "--", *command], None


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the parent ends, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
