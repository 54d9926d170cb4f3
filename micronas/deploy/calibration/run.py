"""Build, upload, profile: the calibration network on the board at each clock, and its counts in QEMU."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from micronas.board import Board, Core
from micronas.deploy.calibration.fit import FittedTerms, Observed, fit_weights
from micronas.deploy.calibration.network import calibration_graph
from micronas.deploy.deployment import Built, Samples, build, random_samples
from micronas.device.block_trace import count_inference
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.replies import Counter
from micronas.device.targets import DeviceImage, Qemu, SerialBoard, image_for, use_device
from micronas.errors import BoardError, DeviceError
from micronas.firmware import Firmware, build_firmware
from micronas.firmware.clock_choice import at_clock
from micronas.latency.core_model import timing_model
from micronas.latency.counts.classes import ClassCounts
from micronas.model.graph import Graph

RUNS = 5
SLOW_MHZ = (16, 20, 24, 25, 32, 36, 48, 64)
"""Clocks that are tried for one with fewer wait states, the slowest first."""

Measure: TypeAlias = Callable[[Firmware, Samples], Sequence[float]]
"""Cycles of each op of a firmware's network on the board, in the order of running."""

Count: TypeAlias = Callable[[Built, Samples], Sequence[ClassCounts]]
"""Class counts of the same ops."""


@dataclass(frozen=True)
class Calibrated:
    """What came of it: ``fitted``, the ops behind it, and the clocks in megahertz."""

    fitted: FittedTerms
    observed: tuple[Observed, ...]
    clocks_mhz: tuple[float, ...]


def calibration_boards(board: Board) -> tuple[Board, ...]:
    """``board`` at its clock, and at the slowest available one with fewer wait states, if any."""
    states = board.region("flash").wait_states
    for mhz in SLOW_MHZ:
        if mhz * 1_000_000 >= board.clock.hz:
            break
        try:
            slow = at_clock(board, mhz * 1_000_000)
        except BoardError:
            continue
        if slow.region("flash").wait_states < states:
            return board, slow
    return (board,)


def calibrate(
    board: Board, measure: Measure, *, workdir: Path, cache_dir: Path | None, count: Count | None = None
) -> Calibrated:
    """Measure the calibration network by ``measure`` at each clock, and fit. Raises what building raises."""
    if board.core is Core.M0PLUS:
        raise BoardError(
            f"board {board.name}: a {board.core.value} counts no cycles, so nothing can be calibrated",
            remedy="calibrate a board of another core",
        )
    graph = calibration_graph()
    samples = random_samples(graph, 1, seed=0)
    prior = timing_model(board.model_copy(update={"calibration": None}))
    observed: list[Observed] = []
    counts: Sequence[ClassCounts] = ()
    boards = calibration_boards(board)
    for number, at in enumerate(boards):
        built = build(graph, at, workdir=workdir / str(number), cache_dir=cache_dir)
        counts = counts or (count or counted(board, workdir / "counts", cache_dir))(built, samples)
        cycles = measure(built.firmware, samples)
        wait_states = at.region("flash").wait_states
        names = _names(graph, built)
        observed += [
            Observed(name, one, float(took), wait_states)
            for name, one, took in zip(names, counts, cycles, strict=True)
            if one.insn > 0
        ]
    clocks = tuple(at.clock.hz / 1e6 for at in boards)
    return Calibrated(fit_weights(observed, prior), tuple(observed), clocks)


def on_board(probe: str | None, port: str | None) -> Measure:
    """Uploads each firmware to the board and profiles it."""

    def measure(firmware: Firmware, samples: Samples) -> Sequence[float]:
        return use_device(SerialBoard(probe, port), firmware, lambda link: profiled(link, samples)).value

    return measure


def profiled(link: Link, samples: Samples) -> list[float]:
    """Median cycles of each op over ``RUNS`` profiles; raises ``DeviceError`` unless cycles are counted."""
    client = Client(link)
    info = client.info()
    if info.counter is not Counter.CYCLES or link.emulated:
        raise DeviceError(
            f"{info.board} counts no cycles ({info.counted_by}), so there is nothing to calibrate with",
            remedy="calibrate on a real board whose core has a cycle counter (not a Cortex-M0+)",
        )

    def load() -> None:
        for index, values in enumerate(samples):
            client.load_input(index, values[0].tobytes())

    runs = [client.profile(load) for _ in range(RUNS)]
    return [float(statistics.median(counts)) for counts in zip(*runs, strict=True)]


def counted(board: Board, workdir: Path, cache_dir: Path | None) -> Count:
    """Counts by QEMU, on the machine that stands in for the board if it is not its own."""

    def count(built: Built, samples: Samples) -> Sequence[ClassCounts]:
        image = image_for(Qemu(), built.firmware.board, built.ledger)
        running = built.firmware
        if image != DeviceImage(built.firmware.board, running.arena_location):
            running = build_firmware(
                built.sources,
                image.board,
                workdir=workdir,
                cache_dir=cache_dir,
                arena_location=image.arena_location,
            )
        return count_inference(running, samples, timing_model(board).accelerator)

    return count


def _names(graph: Graph, built: Built) -> list[str]:
    order = built.ledger.plan.order
    return [f"op {i} {graph.ops[i].kind}" for i in order]
