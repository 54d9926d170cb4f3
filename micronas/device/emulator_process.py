"""An emulator's process: what it says is kept, and it ends, whatever happened, with all its children."""

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

from micronas.errors import DeviceError
from micronas.firmware.process_group import kill_group

_PR_SET_PDEATHSIG = 1


class EmulatorProcess:
    """A running emulator; raises ``DeviceError`` when it cannot be started.

    It leads a process group of its own, so that Ctrl-C reaches it through ``close`` only.
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
            raise DeviceError(f"{command[0]} does not start ({error})") from error
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended by itself or by ``close``."""
        return self._process.poll() is None

    def said(self) -> str:
        """All that it has printed; nothing once it is closed."""
        if self._output.closed:
            return ""
        # pread leaves the position alone, which is also where the process writes
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def close(self) -> None:
        """End the whole group and reap the process; may be called again."""
        if self._output.closed:
            return
        atexit.unregister(self.close)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill_group(self._process)  # children too, of one that has ended by itself
        self._process.wait()
        self._output.close()


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the parent is gone, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
