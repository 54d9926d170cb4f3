"""A temporary folder that is removed with its process or, after a kill -9, by a later one.

The process holds a lock on a file inside; the system frees it with the process, however that ends. A folder
whose lock is free is left over, unless it is so new that its process has not locked it yet.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micronas.host.process_lock import HeldError, ProcessLock

PREFIX = "micronas-"
YOUNG_S = 60.0
_LOCK = "in-use"


@contextmanager
def temporary_folder(prefix: str = PREFIX) -> Iterator[Path]:
    """A new folder, removed at the end; those that ended processes left are removed first.

    ``prefix`` begins with ``PREFIX``.
    """
    _remove_left_over(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    lock = ProcessLock(folder / _LOCK)
    try:
        lock.acquire()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _remove_left_over(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*/{_LOCK}"):
        # OSError: another user's folder, or one that another process is removing.
        with contextlib.suppress(HeldError, OSError):
            if time.time() - path.lstat().st_mtime < YOUNG_S or not _is_ours(path.parent):
                continue
            lock = ProcessLock(path)
            lock.acquire()
            shutil.rmtree(path.parent, ignore_errors=True)
            lock.release()


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "geteuid") or folder.lstat().st_uid == os.geteuid()
