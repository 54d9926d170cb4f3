"""A folder of a session's own, which disappears with it, and after a kill -9 with a later session.

The session holds a lock on a file inside; the system frees it with the process, however that ends. A folder
whose lock is free is left over, unless it was made just now and its session is about to lock it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micronas.host.process_lock import HeldError, ProcessLock

PREFIX = "micronas-renode-"
YOUNG_S = 60.0
_LOCK = "in-use"


@contextmanager
def session_folder() -> Iterator[Path]:
    """A new folder, removed at the end; those that ended sessions left are removed first."""
    _remove_left_over(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = ProcessLock(folder / _LOCK)
    lock.acquire()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _remove_left_over(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*/{_LOCK}"):
        # OSError: another user's folder, or one that another session is removing.
        with contextlib.suppress(HeldError, OSError):
            if time.time() - path.stat().st_mtime < YOUNG_S:
                continue
            lock = ProcessLock(path)
            lock.acquire()
            shutil.rmtree(path.parent, ignore_errors=True)
            lock.release()
