"""The lock of a run folder: held by the one search that writes to it.

An advisory ``flock``: the kernel lets go of it when the process ends, however it ends, so a killed search
never leaves a stale lock behind.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from micronas.errors import StoreError


def acquire(folder: Path) -> int:
    """Lock ``folder`` and return the open descriptor that holds it; close it to let go.

    Raises ``StoreError`` naming the process that holds it, ``OSError`` if the folder cannot be written.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise StoreError(
            f"{folder} is in use by another process" + (f" ({holder})" if holder else ""),
            remedy="wait for it, or begin in another folder (search: --run NAME, compare: --out DIR)",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor
