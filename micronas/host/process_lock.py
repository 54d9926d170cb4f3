"""A file that one process holds at a time, on Linux, macOS and Windows.

The operating system releases it when the process ends for any reason, so no stale lock remains. The owner is
written to a separate file beside the lock, because on Windows other processes cannot read a locked file.
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

_ANYONE = 0o666


class HeldError(Exception):
    """Another process has the lock; ``owner`` is its process id, empty where that is not known."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class ProcessLock:
    """Held from ``acquire`` to ``release``, or to the end of the process."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path, timeout=0, mode=_ANYONE, is_singleton=False)
        self._owner = path.with_name(f"{path.name}.pid")

    def acquire(self) -> None:
        """Acquire the lock at once; raises ``HeldError``, or ``OSError`` if the file cannot be created."""
        try:
            self._lock.acquire()
        except Timeout:
            raise HeldError(_read(self._owner)) from None
        try:
            # The user who had it before may have been another one, whose file cannot be written.
            self._owner.unlink(missing_ok=True)
            self._owner.write_text(f"{os.getpid()}\n", encoding="ascii")
        except OSError:
            pass  # the lock counts, the number only helps

    def release(self) -> None:
        """Release the lock; calling it twice is safe."""
        self._lock.release(force=True)


def owner_of(path: Path) -> str:
    """The process id of the holder of the lock ``path``, or "unknown"; empty when it is free."""
    if not path.exists():
        return ""
    lock = FileLock(path, timeout=0, is_singleton=False)
    try:
        lock.acquire()
    except Timeout:
        return _read(path.with_name(f"{path.name}.pid")) or "unknown"
    except OSError:
        return ""  # not ours to lock, so nothing of ours holds it
    lock.release()
    return ""


def _read(owner: Path) -> str:
    try:
        return owner.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
