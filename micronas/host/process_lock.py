"""A file that one process holds at a time, on Linux, macOS and Windows.

The operating system releases it when the process ends for any reason, so no stale lock remains. The owner is
written to a separate file beside the lock, because on Windows other processes cannot read a locked file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from filelock import FileLock, Timeout

_ANYONE = 0o666
_NO_LINK, _NO_WAIT = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)
_PID_BYTES = 20


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
        # The user who had it before may have been another one, whose file cannot be removed: the lock counts,
        # the number only helps.
        with contextlib.suppress(OSError):
            self._owner.unlink(missing_ok=True)
            _write_new(self._owner, f"{os.getpid()}\n")

    def release(self) -> None:
        """Release the lock; calling it twice is safe."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._owner.unlink(missing_ok=True)
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


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet, so that no link leads to someone else's."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o644)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _read(owner: Path) -> str:
    """The process id in ``owner``; empty for anything else, as another user may have put it there."""
    try:
        descriptor = os.open(owner, os.O_RDONLY | _NO_LINK | _NO_WAIT)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ""
            text = file.read(_PID_BYTES).strip()
    except OSError:
        return ""
    return text.decode("ascii") if text.isdigit() else ""
