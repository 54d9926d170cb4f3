"""A folder of a session's own, which disappears with it, and after a kill -9 with the next session.

The session holds a lock on a file inside; the kernel frees it with the process, however that ends. A folder
whose lock is free is nobody's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "micronas-renode-"
_LOCK = "in-use"


@contextmanager
def session_folder() -> Iterator[Path]:
    """A new folder, removed at the end; those that ended sessions left are removed first."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path) -> int:
    """The lock's file appears under its name when it is locked already: nobody takes it for free."""
    made = folder / f"{_LOCK}.new"
    lock = os.open(made, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    made.rename(folder / _LOCK)
    return lock


def _remove_abandoned(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # another user's, or being removed by another session
            lock = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
            finally:
                os.close(lock)
