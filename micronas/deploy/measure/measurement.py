"""Run a network on a device: latency from its counter, parity element by element, counts per op.

A latency is MEASURED only if it comes from a real core's cycle counter. An emulator counts instructions, and
its latency is an estimate: instructions x cycles per instruction / clock.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.deploy.measure.parity import Array, Parity, compare_outputs, load_sample
from micronas.deploy.measure.run_statistics import RunStatistics
from micronas.device.client import RUN_DEADLINE_S, Client
from micronas.device.counter import ClockCheck, check_clock, check_count, check_counter, run_deadline_s
from micronas.device.replies import Counter, Info
from micronas.errors import BoardLostError, DeviceError
from micronas.model.graph import Graph
from micronas.trial import Latency, Source

WARM_UP_RUNS = 2
TIMED_RUNS = 5
"""Runs in an emulator, where all runs are identical."""
BOARD_RUNS = 15


@dataclass(frozen=True)
class OpCount:
    """Counts (cycles or instructions) of one op."""

    index: int
    kind: str
    count: int


@dataclass(frozen=True)
class Measurement:
    """One network on one device. ``runs`` are all of the first sample."""

    latency: Latency
    counter: Counter
    clock: ClockCheck
    runs: RunStatistics
    parity: Parity
    per_op: tuple[OpCount, ...]
    info: Info

    @property
    def counts(self) -> tuple[int, ...]:
        """The timed runs, in order."""
        return self.runs.counts

    @property
    def median(self) -> float:
        """Median of the timed runs."""
        return self.runs.median

    @property
    def spread(self) -> int:
        """Largest minus smallest of the timed runs; 0 in an emulator."""
        return max(self.counts) - min(self.counts)


def measure(
    client: Client,
    graph: Graph,
    board: Board,
    samples: Sequence[Array],
    expected: Sequence[Array],
    *,
    build_id: bytes | None = None,
    runs: int | None = None,
    warm_up: int = WARM_UP_RUNS,
) -> Measurement:
    """Measure the network on the device.

    ``samples`` has one array (N, ...) per input, ``expected`` one (N, ...) per output, from the reference
    interpreter (``run_in_order``). ``runs`` is by default 15 on a board and 5 in an emulator, after
    ``warm_up`` that are not counted; an emulator needs none. Raises ``DeviceError`` for another build id than
    ``build_id`` or an implausible counter or clock, ``DeadlineError`` for a missing reply, ``BoardLostError``
    for a board that was reset meanwhile.
    """
    emulated = client.link.emulated
    info = client.info()
    check_identity(info, graph, board, build_id)
    mark = client.leave_mark()
    load_sample(client, samples, 0)
    run_s = check_counter(client, info)
    clock = check_clock(client, info, run_s)
    deadline_s = run_deadline_s(run_s, emulated=emulated)
    parity = compare_outputs(client, samples, expected, deadline_s, has_states=bool(graph.states))
    runs = runs or (TIMED_RUNS if emulated else BOARD_RUNS)
    timed = time_runs(client, samples, info, runs, deadline_s, has_states=bool(graph.states), warm_up=warm_up)
    per_op = profile_ops(client, graph, samples, info)
    after = client.info()  # only now has the stack reached its maximum depth
    check_not_reset(after, info, mark)
    latency = latency_of(timed.median, info, board, emulated=emulated)
    return Measurement(latency, info.counter, clock, timed, parity, per_op, after)


def check_identity(info: Info, graph: Graph, board: Board, build_id: bytes | None) -> None:
    """Raise ``DeviceError`` unless the firmware was built for this board and graph."""
    if build_id is not None and info.build_id != build_id:
        raise DeviceError(
            f"the device runs build {info.build_id.hex()}, not {build_id.hex()}",
            remedy="upload it again; another program may have written to the board",
        )
    if info.board != board.name:
        raise DeviceError(
            f"the firmware was built for board {info.board!r}, not {board.name!r}",
            remedy=f"build and upload it for this board, or pass --board {info.board}",
        )
    if info.n_ops != len(graph.ops):
        raise DeviceError(
            f"the network in the firmware has {info.n_ops} ops, this one {len(graph.ops)}",
            remedy="the board has another network: upload this one",
        )


def check_not_reset(after: Info, before: Info, mark: int) -> None:
    """Raise ``BoardLostError`` if the mark of ``Client.leave_mark`` is gone in ``after``."""
    if after.garbled_frames < mark or after.build_id != before.build_id:
        raise BoardLostError(
            f"{before.board} was reset during the measurement, so its inputs were lost",
            remedy="check the power supply, and that no other program uses the probe",
        )


def time_runs(
    client: Client,
    samples: Sequence[Array],
    info: Info,
    runs: int,
    deadline_s: float = RUN_DEADLINE_S,
    *,
    has_states: bool = False,
    warm_up: int = WARM_UP_RUNS,
) -> RunStatistics:
    """Counts of ``runs`` runs of the first sample, after ``warm_up``; all have the same inputs and states."""
    counts = []
    for number in range(warm_up + runs):
        _load_first(client, samples, has_states)
        start = time.monotonic()
        _, (count,) = client.run(deadline_s=deadline_s)
        check_count(count, time.monotonic() - start, info, emulated=client.link.emulated)
        if number >= warm_up:
            counts.append(count)
    return RunStatistics(tuple(counts), warm_up)


def profile_ops(client: Client, graph: Graph, samples: Sequence[Array], info: Info) -> tuple[OpCount, ...]:
    """Counts per op of a run of the first sample; raises ``DeviceError`` if no op moves the counter."""
    counts = client.profile(lambda: _load_first(client, samples, bool(graph.states)))
    if not any(counts):
        raise DeviceError(f"the counter ({info.counted_by}) did not move in any op of the profile")
    return tuple(OpCount(i, graph.ops[i].kind, count) for i, count in enumerate(counts))


def _load_first(client: Client, samples: Sequence[Array], has_states: bool) -> None:
    if has_states:
        client.reset_states()
    load_sample(client, samples, 0)


def latency_of(count: float, info: Info, board: Board, *, emulated: bool) -> Latency:
    """The latency for ``count``; an emulated cycle counter counts instructions."""
    if info.counter is Counter.CYCLES and not emulated:
        ms = 1000.0 * count / info.clock_hz
        return Latency(ms, Source.MEASURED, cycles=round(count), core=info.core, clock_hz=info.clock_hz)
    return emulated_latency(count, board)


def emulated_latency(instructions: float, board: Board) -> Latency:
    """The estimated latency of ``instructions`` on ``board``, by its cycles per instruction and clock."""
    ms = 1000.0 * instructions * board.timing.cycles_per_instruction / board.clock.hz
    core = board.core.value
    return Latency(ms, Source.EMULATED, instructions=round(instructions), core=core, clock_hz=board.clock.hz)
