"""One process per board, also while its port is closed for flashing.

A port's own lock ends when the port is closed, which an upload requires. The board's lock is therefore a file
named after the board's identity (see ``process_lock``).
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
    """Context that locks the board behind ``port``; raises ``DeviceError`` if another process holds it."""

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
                remedy="wait until it ends, stop it, or select another board with --probe or --port",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def owner(port: Port, folder: Path = LOCKS_DIR) -> str:
    """Process id of the micronas that holds the board behind ``port``; empty if there is none."""
    path = DeviceLock(port, folder).path
    return owner_of(path)
