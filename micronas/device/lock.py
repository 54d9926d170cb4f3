"""One process per board, also while its port is closed for flashing.

A port's own lock ends when the port is closed, and closing it is what an upload needs. The board's lock is a
file named by its identity (see ``process_lock``).
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from micronas.device.ports import Port
from micronas.errors import DeviceError
from micronas.host.process_lock import HeldError, ProcessLock, owner_of

LOCKS_DIR = Path(tempfile.gettempdir()) / "micronas-claims"


class DeviceLock:
    """Holds the board behind ``port`` while entered; ``DeviceError`` when another process has it."""

    def __init__(self, port: Port, folder: Path = LOCKS_DIR) -> None:
        self._port = port
        self.path = folder / re.sub(r"\W+", "_", port.serial or port.device)
        self._lock = ProcessLock(self.path)

    def __enter__(self) -> DeviceLock:
        self.path.parent.mkdir(mode=0o1777, exist_ok=True)
        try:
            self._lock.acquire()
        except HeldError as held:
            raise DeviceError(
                f"{self._port} is in use by another micronas (process {held.owner or 'unknown'})",
                remedy="wait for it, end it, or name another board by --probe or --port",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def owner(port: Port, folder: Path = LOCKS_DIR) -> str:
    """The process id of the micronas that has the board behind ``port``; empty when none has."""
    path = DeviceLock(port, folder).path
    return owner_of(path)
