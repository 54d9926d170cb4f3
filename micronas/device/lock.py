"""One process per board, also while its port is closed for flashing.

A port's own lock ends when the port is closed, and closing it is what an upload needs. The claim is a locked
file named by the board's identity; the kernel frees it with the process, so that nothing is ever left behind.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from pathlib import Path

from micronas.device.ports import Port
from micronas.errors import DeviceError

LOCKS_DIR = Path(tempfile.gettempdir()) / "micronas-claims"


class DeviceLock:
    """Holds the board behind ``port`` while entered; ``DeviceError`` when another process has it."""

    def __init__(self, port: Port, folder: Path = LOCKS_DIR) -> None:
        self._port = port
        self._path = folder / re.sub(r"\W+", "_", port.serial or port.device)
        self._fd: int | None = None

    def __enter__(self) -> DeviceLock:
        self._path.parent.mkdir(mode=0o1777, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(fd, 32).decode(errors="replace").strip()
            os.close(fd)
            raise DeviceError(
                f"{self._port} is in use by another micronas (process {owner or 'unknown'})",
                remedy="wait for it, end it, or name another board by --probe or --port",
            ) from None
        os.truncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd is not None:
            os.close(self._fd)  # frees the lock
            self._fd = None
