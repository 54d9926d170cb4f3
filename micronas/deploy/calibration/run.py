"""Measure the calibration network on a board at each clock and in each memory, and fit the timing model."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.board import Board, Core
from micronas.board.profile import MemoryCost
from micronas.deploy.calibration.fit import FittedTerms, Observed, fit_memory, fit_weights
from micronas.deploy.calibration.probes import Count, Measure, Probes
from micronas.deploy.deployment import Samples
from micronas.deploy.modelled import counted
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.replies import Counter
from micronas.device.targets import SerialBoard, use_device
from micronas.errors import BoardError, DeviceError
from micronas.firmware import Firmware
from micronas.firmware.clock_choice import at_clock
from micronas.latency.core_model import timing_model

RUNS = 5
SLOW_MHZ = (16, 20, 24, 25, 32, 36, 48, 64)
"""Clocks that are tried for one with fewer wait states, the slowest first."""


@dataclass(frozen=True)
class Calibrated:
    """What came of it: ``fitted``, the ops behind its weights, and the clocks in megahertz."""

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


def memory_boards(board: Board, known: str) -> tuple[Board, ...]:
    """``board`` with each of its memories for an arena as the only one, except the one that is ``known``."""
    others = (name for name in board.arena_regions if name != known)
    return tuple(board.model_copy(update={"arena_regions": (name,)}) for name in others)


def calibrate(
    board: Board, measure: Measure, *, workdir: Path, cache_dir: Path | None, count: Count | None = None
) -> Calibrated:
    """Measure by ``measure`` at each clock, and at the board's own in each memory for an arena; then fit.

    A memory that is too small for the network is left out. Raises what building raises.
    """
    if board.core is Core.M0PLUS:
        raise BoardError(
            f"board {board.name}: a {board.core.value} has no cycle counter, so it cannot be calibrated",
            remedy="calibrate a board with another core",
        )
    count = count or counted(board, workdir / "counts", cache_dir)
    probes = Probes(measure, count, workdir, cache_dir)
    boards = calibration_boards(board)
    series = [probes.observe(at) for at in boards]
    observed = [one for ops in series for one in ops]
    fitted = fit_weights(observed, timing_model(board.model_copy(update={"calibration": None})))
    fitted = replace(fitted, memories=_memories(board, probes, series[0], fitted))
    return Calibrated(fitted, tuple(observed), tuple(at.clock.hz / 1e6 for at in boards))


def _memories(
    board: Board, probes: Probes, here: Sequence[Observed], fitted: FittedTerms
) -> dict[str, MemoryCost]:
    """What each other memory costs; ``here`` are the ops in the one that the weights are of."""
    model = timing_model(board.model_copy(update={"calibration": fitted.calibration("a probe")}))
    series = (probes.observe_if_it_fits(other) for other in memory_boards(board, here[0].memory))
    return {there[0].memory: fit_memory(there, here, model) for there in series if there}


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
            f"{info.board} does not count cycles ({info.counted_by}), so it cannot be calibrated",
            remedy="calibrate on a real board whose core has a cycle counter (not a Cortex-M0+)",
        )

    def load() -> None:
        for index, values in enumerate(samples):
            client.load_input(index, values[0].tobytes())

    runs = [client.profile(load) for _ in range(RUNS)]
    return [float(statistics.median(counts)) for counts in zip(*runs, strict=True)]
