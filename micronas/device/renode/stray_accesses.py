"""Accesses outside the chip's memory: Renode answers them with 0, counts them, logs them and goes on.

The counts are asked for, since the log is written by a thread of its own and may lag; it only says where. A
core that runs out of memory stands still, which only the log tells.
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
    """How many there were since the machine was made; ``DeviceError`` when Renode does not say."""
    return sum(_number(control.execute(f"sysbus {name}")) for name in COUNTERS)


def first_logged(said: Callable[[], list[str]], *, wait: bool) -> str | None:
    """The first one's line of Renode's log, waited for a moment if ``wait``; None when there is none."""
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
        raise DeviceError(f"Renode prints {printed.strip()!r} where a number is expected") from error
