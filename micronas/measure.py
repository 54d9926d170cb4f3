"""Run a network on a device: latency from its counter, parity element by element, counts per op.

A latency is MEASURED only when a real core's cycle counter says so. Everything an emulator counts is
instructions, and its latency an estimate: instructions x cycles per instruction / clock.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.board import Board
from micronas.device.client import Client
from micronas.device.replies import Counter, Info
from micronas.errors import DeviceError
from micronas.graph import Graph
from micronas.trial import Latency, Source

Array = npt.NDArray[np.int8]

WARM_UP_RUNS = 2
TIMED_RUNS = 5
_COUNTER_TURN = 2**32


@dataclass(frozen=True)
class Difference:
    """The first element that the device computed differently."""

    sample: int
    output: int
    element: int
    device: int
    reference: int


@dataclass(frozen=True)
class Parity:
    """Outputs compared element by element over all samples."""

    elements: int
    mismatches: int
    first: Difference | None = None


@dataclass(frozen=True)
class OpCount:
    """Counts (cycles or instructions) of one op."""

    index: int
    kind: str
    count: int


@dataclass(frozen=True)
class Measurement:
    """One network on one device. ``counts`` are the timed runs, all of the first sample, after warm-up."""

    latency: Latency
    counter: Counter
    counts: tuple[int, ...]
    parity: Parity
    per_op: tuple[OpCount, ...]
    info: Info

    @property
    def median(self) -> float:
        """Median of the timed runs."""
        return statistics.median(self.counts)

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
    runs: int = TIMED_RUNS,
) -> Measurement:
    """Measure the network that the device holds.

    ``samples`` has one array (N, ...) per input, ``expected`` one (N, ...) per output, from the reference
    interpreter. Raises ``DeviceError`` for another build id than ``build_id`` or a counter that cannot be
    believed, ``DeadlineError`` for an answer that does not come.
    """
    info = client.info()
    check_identity(info, graph, board, build_id)
    parity = compare_outputs(client, samples, expected)
    counts = time_runs(client, samples, info, runs)
    profile = client.profile(lambda: load_sample(client, samples, 0))
    per_op = tuple(OpCount(i, graph.ops[i].kind, count) for i, count in enumerate(profile))
    latency = latency_of(statistics.median(counts), info, board, emulated=client.link.emulated)
    # Asked again: only now has the stack been used as deep as it gets.
    return Measurement(latency, info.counter, counts, parity, per_op, client.info())


def check_identity(info: Info, graph: Graph, board: Board, build_id: bytes | None) -> None:
    """Raise ``DeviceError`` unless the answering firmware is the one built for this board and graph."""
    if build_id is not None and info.build_id != build_id:
        raise DeviceError(
            f"the device runs build {info.build_id.hex()}, not {build_id.hex()}",
            remedy="flash it again; another program may have written to the board in between",
        )
    if info.board != board.name:
        raise DeviceError(f"the firmware was built for board {info.board!r}, not {board.name!r}")
    if info.n_ops != len(graph.ops):
        raise DeviceError(f"the firmware's network has {info.n_ops} ops, the graph {len(graph.ops)}")
    if info.counter is Counter.NONE:
        raise DeviceError(
            f"{board.name}: neither a cycle counter nor an instruction counter moves on this device"
        )


def load_sample(client: Client, samples: Sequence[Array], number: int) -> None:
    """Write sample ``number`` to every input of the device."""
    for index, values in enumerate(samples):
        client.load_input(index, values[number].tobytes())


def compare_outputs(client: Client, samples: Sequence[Array], expected: Sequence[Array]) -> Parity:
    """Run every sample once and compare every output element."""
    elements = mismatches = 0
    first: Difference | None = None
    for number in range(len(samples[0])):
        load_sample(client, samples, number)
        client.run()
        for output, reference in enumerate(expected):
            want = reference[number].reshape(-1).view(np.int8)
            got = np.frombuffer(client.read_output(output), dtype=np.int8)
            if got.size != want.size:
                raise DeviceError(
                    f"output {output} has {got.size} bytes on the device, {want.size} in the graph"
                )
            wrong = np.flatnonzero(got != want)
            elements, mismatches = elements + want.size, mismatches + wrong.size
            if wrong.size and first is None:
                at = int(wrong[0])
                first = Difference(number, output, at, int(got[at]), int(want[at]))
    return Parity(elements, mismatches, first)


def time_runs(client: Client, samples: Sequence[Array], info: Info, runs: int) -> tuple[int, ...]:
    """Counts of ``runs`` runs of the first sample, after warm-up; the inputs are loaded anew for each."""
    counts = []
    for number in range(WARM_UP_RUNS + runs):
        load_sample(client, samples, 0)
        start = time.monotonic()
        _, (count,) = client.run()
        check_count(count, time.monotonic() - start, info)
        if number >= WARM_UP_RUNS:
            counts.append(count)
    return tuple(counts)


def check_count(count: int, elapsed_s: float, info: Info) -> None:
    """Raise ``DeviceError`` for a count that stood still or may have wrapped unseen."""
    if count == 0:
        raise DeviceError("the counter did not move during a run", remedy="reset the board and measure again")
    if info.counter is Counter.CYCLES and elapsed_s * info.clock_hz >= _COUNTER_TURN:
        raise DeviceError(
            f"a run took {elapsed_s:.1f} s, longer than one turn of the 32-bit counter at {info.clock_hz} Hz",
            remedy="the count may have wrapped; use a smaller network or a lower clock",
        )


def latency_of(count: float, info: Info, board: Board, *, emulated: bool) -> Latency:
    """The latency that ``count`` stands for; an emulated cycle counter counts instructions."""
    if info.counter is Counter.CYCLES and not emulated:
        ms = 1000.0 * count / info.clock_hz
        return Latency(ms, Source.MEASURED, cycles=round(count), core=info.core, clock_hz=info.clock_hz)
    ms = 1000.0 * count * board.timing.cycles_per_instruction / board.clock.hz
    core = board.core.value
    return Latency(ms, Source.EMULATED, instructions=round(count), core=core, clock_hz=board.clock.hz)


def first_wrong_op(
    client: Client,
    graph: Graph,
    offsets: Mapping[int, int],
    inputs: Sequence[Array],
    tensors: Mapping[int, Array],
) -> int | None:
    """Index of the first op whose outputs differ from ``tensors`` for one sample, or None if all agree.

    ``offsets`` are arena offsets per activation tensor (the plan's), ``inputs`` one array per input,
    ``tensors`` every activation by the reference interpreter. The network is run anew up to each op, since
    later ops may take over an output's memory.
    """
    for index, op in enumerate(graph.ops):
        for number, values in enumerate(inputs):
            client.load_input(number, values.tobytes())
        client.run(ops=index + 1)
        for tensor in op.outputs:
            want = tensors[tensor].tobytes()
            if client.read_arena(offsets[tensor], len(want)) != want:
                return index
    return None
