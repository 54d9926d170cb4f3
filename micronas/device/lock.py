"""One process per board, also while its port is closed for flashing.

A port's own lock ends when the port is closed, which an upload requires. The board's lock is therefore a file
named after the board's identity (see ``process_lock``).
"""

from __future__ import annotations

import re
import stat
import tempfile
from pathlib import Path

from micronas.device.ports import Port
from micronas.errors import DeviceError
from micronas.host.process_lock import HeldError, ProcessLock, owner_of

_REMEDY = "remove it, or let the administrator remove it; TMPDIR selects another folder"
LOCKS_DIR = Path(tempfile.gettempdir()) / "micronas-claims"


class DeviceLock:
    """Context that locks the board behind ``port``; raises ``DeviceError`` if another process holds it."""

    def __init__(self, port: Port, folder: Path = LOCKS_DIR) -> None:
        self._port = port
        self.path = folder / re.sub(r"\W+", "_", port.serial or port.device)
        self._lock = ProcessLock(self.path)

    def __enter__(self) -> DeviceLock:
        _make_shared_folder(self.path.parent)
        try:
            self._lock.acquire()
        except OSError as error:
            raise DeviceError(
                f"{self._port} cannot be locked: {self.path}: {error.strerror}", remedy=_REMEDY
            ) from error
        except HeldError as held:
            raise DeviceError(
                f"{self._port} is in use by another micronas (process {held.owner or 'unknown'})",
                remedy="wait until it ends, stop it, or select another board with --probe or --port",
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _make_shared_folder(folder: Path) -> None:
    """A folder in which every user of this machine can create locks and remove only their own."""
    try:
        folder.mkdir()
        folder.chmod(0o1777)  # a mode given to mkdir is reduced by the umask
    except FileExistsError:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise DeviceError(f"{folder} is not a folder but a link or a file", remedy=_REMEDY) from None
    except OSError as error:
        raise DeviceError(f"{folder} cannot be created: {error.strerror}", remedy=_REMEDY) from error


def owner(port: Port, folder: Path = LOCKS_DIR) -> str:
    """Process id of the micronas that holds the board behind ``port``; empty if there is none."""
    path = DeviceLock(port, folder).path
    return owner_of(path)
