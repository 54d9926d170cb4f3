"""The lock of a run folder: held by the one search that writes to it (see ``process_lock``)."""

from __future__ import annotations

from pathlib import Path

from micronas.errors import StoreError
from micronas.host.process_lock import HeldError, ProcessLock, owner_of


def acquire(folder: Path) -> ProcessLock:
    """Lock ``folder``; call ``release`` on the result to unlock it.

    Raises ``StoreError`` naming the process that holds it, ``OSError`` if the folder cannot be written.
    """
    lock = ProcessLock(folder / "lock")
    try:
        lock.acquire()
    except HeldError as held:
        raise StoreError(
            f"{folder} is in use by another process" + (f" ({held.owner})" if held.owner else ""),
            remedy="wait until it ends, or use another folder (search: --run NAME, compare: --out DIR)",
        ) from held
    return lock


def is_held(folder: Path) -> bool:
    """Whether a search is writing to ``folder`` now."""
    return bool(owner_of(folder / "lock"))
