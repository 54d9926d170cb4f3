"""Accesses outside the chip's memory: Renode reads 0, counts and logs them, and continues. The counts are
queried, because the log is written by a separate thread and may lag; it only gives the address. A core that
executes outside memory stops, which is visible only in the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from micronas.device.renode.control import RenodeControl
from micronas.errors import DeviceError

COUNTERS = ("UnexpectedReads", "UnexpectedWrites")
_LOGGED = ("non existing peripheral", "CPU abort")
_LOG_LAG_S = 1.0
_POLL_S = 0.02


def count_stray_accesses(control: RenodeControl) -> int:
    """Number of accesses since the machine was created. Raises ``DeviceError`` if Renode does not
    report it.
    """
    return sum(_number(control.execute(f"sysbus {name}")) for name in COUNTERS)


def first_logged(said: Callable[[], list[str]], *, wait: bool) -> str | None:
    """The first one's line in Renode's log; None if there is none. With ``wait``, waits a moment for it."""
    end = time.monotonic() + (_LOG_LAG_S if wait else 0)
    while True:
        lines = [line.strip() for line in said() if any(sign in line for sign in _LOGGED)]
        if lines or time.monotonic() >= end:
            return lines[0] if lines else None
        time.sleep(_POLL_S)


def _number(printed: str) -> int:
    try:
        return int(printed.strip(), 0)
    except ValueError as error:
        raise DeviceError(f"Renode printed {printed.strip()!r}, not a number") from error
