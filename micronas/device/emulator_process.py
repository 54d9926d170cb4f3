"""An emulator's process: its output is captured, and it always ends together with all its children."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from micronas.errors import EmulatorEndedError
from micronas.firmware.process_group import kill_group
from micronas.host.program_output import exit_text

_PR_SET_PDEATHSIG = 1
_KEPT_BYTES = 1 << 20


class EmulatorProcess:
    """A running emulator; raises ``EmulatorEndedError`` if it cannot be started.

    It leads its own process group, so that Ctrl-C reaches it only through ``close``.
    """

    def __init__(
        self, command: Sequence[str], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            self._output.close()
            raise EmulatorEndedError(
                f"{command[0]} does not start ({error})", remedy="`micronas doctor` checks the emulators"
            ) from error
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
        if self._output.closed:
            return ""
        # pread does not move the position, at which the process writes
        output = self._output.fileno()
        size = os.fstat(output).st_size
        begin = os.pread(output, _KEPT_BYTES, 0)
        end = os.pread(output, _KEPT_BYTES, max(_KEPT_BYTES, size - _KEPT_BYTES))
        return (begin + end).decode(errors="replace")

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
        if self._output.closed:
            return
        atexit.unregister(self.close)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill_group(self._process)  # also children of an ended process
        self._process.wait()
        self._output.close()


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the parent ends, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
