"""Plausibility checks of the device's counter and clock, before timing and for every count.

A cycle counter may be missing, switched off, stuck or wrapped, and a core may run at another clock than its
firmware assumes (a crystal that differs from the profile). Each of these would give a plausible number of
milliseconds, so each is an error here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from micronas.device.client import ALL_OPS, MAX_REPEATS, RUN_DEADLINE_S, Client
from micronas.device.replies import Counter, Info
from micronas.errors import DeviceError

_COUNTER_TURN = 2**32
_UNKNOWN_INSTRUCTIONS = 2**31  # for an interval longer than its counter's period: port/counter_dwt_systick
_CLOCK_TOLERANCE = 0.2
_CHECK_S = 0.3
_SHORTEST_CHECK_S = 0.03
_ROUNDS = 4
_HOST_JITTER_S = 0.05
_RESET_AND_REPEAT = "reset the board and measure again"


@dataclass(frozen=True)
class ClockCheck:
    """The core clock as the firmware set it, and by the host's time; None if the host cannot determine it."""

    firmware_hz: int
    host_hz: float | None


def check_counter(client: Client, info: Info) -> float:
    """Raise ``DeviceError`` if the counter does not grow with the work; returns the seconds of a whole run.

    The whole network must count more than its first op, or than no op if it has only one. Inputs must be
    loaded.
    """
    if info.counter is Counter.NONE:
        raise DeviceError(
            f"{info.board}: neither a cycle counter nor an instruction counter moves on this device "
            f"(counter: {info.counted_by})",
            remedy="the core may have no counter (DWT is optional), or a debugger switched it off: "
            "power-cycle the board",
        )
    _, (part,) = client.run(ops=1 if info.n_ops > 1 else 0)
    started = time.monotonic()
    _, (whole,) = client.run()
    elapsed_s = time.monotonic() - started
    check_count(whole, elapsed_s, info, emulated=client.link.emulated)
    if whole <= part:
        raise DeviceError(
            f"{_the_counter(info)} counts {whole} for all {info.n_ops} ops and {part} for fewer: the "
            "count does not grow with the work",
            remedy=_RESET_AND_REPEAT,
        )
    return elapsed_s


def check_count(count: int, elapsed_s: float, info: Info, *, emulated: bool = False) -> None:
    """Raise ``DeviceError`` for a count that did not move, or that has or may have wrapped."""
    if count == 0:
        raise DeviceError(f"{_the_counter(info)} did not move during a run", remedy=_RESET_AND_REPEAT)
    if info.counter is Counter.INSTRUCTIONS and count >= _UNKNOWN_INSTRUCTIONS:
        raise DeviceError(
            f"{info.board}: an op ran longer than the emulated counter's range ({info.counted_by})",
            remedy="use a smaller network, or a board that is emulated on another machine",
        )
    if info.counter is not Counter.CYCLES or emulated:
        return
    if elapsed_s * info.clock_hz >= _COUNTER_TURN:
        raise DeviceError(
            f"a run took {elapsed_s:.1f} s, longer than one period of the 32-bit counter ({info.counted_by}) "
            f"at {info.clock_hz} Hz",
            remedy="the count may have wrapped; use a smaller network or a lower clock",
        )
    if count > (elapsed_s + _HOST_JITTER_S) * info.clock_hz * (1 + _CLOCK_TOLERANCE):
        raise DeviceError(
            f"{_the_counter(info)} shows {count:,} cycles, {1000 * count / info.clock_hz:.1f} ms at "
            f"{info.clock_hz / 1e6:g} MHz, for a run that took {1000 * elapsed_s:.1f} ms: it has wrapped",
            remedy=_RESET_AND_REPEAT,
        )


def check_clock(client: Client, info: Info, run_s: float = 0.0) -> ClockCheck:
    """The core clock by the host's time; raises ``DeviceError`` if it is not near the firmware's.

    Compares many runs of all ops with equally many runs of none. Their frames are equally long, so the time
    of line, USB and firmware cancels out. Of several rounds the shortest is used, because a busy host has
    disturbed it least. ``run_s`` is the approximate time of one run. Emulators and networks of microseconds
    are not checked: an emulator has its own time, and the host cannot resolve microseconds.
    """
    if info.counter is not Counter.CYCLES or client.link.emulated:
        return ClockCheck(info.clock_hz, None)
    repeats = max(2, min(MAX_REPEATS, math.ceil(_CHECK_S / max(run_s, 1e-6))))
    idle_s = min(_timed(client, repeats, ops=0)[0] for _ in range(_ROUNDS))
    busy_s, cycles = min(_timed(client, repeats, ops=ALL_OPS) for _ in range(_ROUNDS))
    elapsed_s = busy_s - idle_s
    if elapsed_s < _SHORTEST_CHECK_S:
        return ClockCheck(info.clock_hz, None)
    host_hz = cycles / elapsed_s
    if abs(host_hz - info.clock_hz) > _CLOCK_TOLERANCE * info.clock_hz:
        raise DeviceError(
            f"the firmware reports {info.clock_hz / 1e6:.1f} MHz, but by the host's time its counter "
            f"({info.counted_by}) runs at {host_hz / 1e6:.1f} MHz",
            remedy="a latency in milliseconds would be wrong; check the clock in the board's profile",
        )
    return ClockCheck(info.clock_hz, host_hz)


def run_deadline_s(run_s: float, *, emulated: bool) -> float:
    """How long to wait for a run that took ``run_s`` before; only a busy host can take much longer."""
    return RUN_DEADLINE_S if emulated else min(RUN_DEADLINE_S, 5.0 + 3.0 * run_s)


def _the_counter(info: Info) -> str:
    return f"the counter ({info.counted_by})"


def _timed(client: Client, repeats: int, *, ops: int) -> tuple[float, int]:
    started = time.monotonic()
    _, counts = client.run(repeats, ops=ops)
    return time.monotonic() - started, sum(counts)
