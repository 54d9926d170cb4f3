"""Cycles of a deployed network by the timing model of its board's core, op by op.

The classes of instructions and the misses of flash are counted by QEMU running the firmware; the model
(``micronas.latency.core_model``) gives their cycles and the range of the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board
from micronas.deploy.deployment import Built, Deployment, Samples, build, random_samples
from micronas.device.block_trace import count_inference
from micronas.device.targets import DeviceImage, Qemu, image_for
from micronas.errors import BoardError, DeadlineError, DeviceError
from micronas.firmware import build_firmware
from micronas.latency.bounds import bound_cycles
from micronas.latency.core_model import Cycles, Parts, TimingModel, is_modelled, timing_model
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.op_model import modelled_latency
from micronas.memory.ledger import Ledger
from micronas.model.graph import Graph
from micronas.trial import Json, Latency


@dataclass(frozen=True)
class OpCycles:
    """One op: ``index`` in the graph; ``bound_cycles`` is None if no bound is known."""

    index: int
    cycles: Cycles
    parts: Parts
    bound_cycles: float | None

    @property
    def distance(self) -> float | None:
        """Cycles without flash, as a multiple of the bound."""
        if not self.bound_cycles:
            return None
        return (self.cycles.value - self.parts.flash) / self.bound_cycles


@dataclass(frozen=True)
class Modelled:
    """A network's modelled latency and its ops in graph order."""

    latency: Latency
    ops: tuple[OpCycles, ...]


def can_be_modelled(deployment: Deployment) -> bool:
    """Whether the board's core has a timing model and QEMU ran the network."""
    return deployment.execution_target.device == "qemu" and is_modelled(deployment.firmware.board)


def modelled(deployment: Deployment, samples: Samples, cache_dir: Path | None) -> Modelled:
    """Model ``deployment``; its counts are kept below ``cache_dir`` by build id. Raises the errors of the
    emulator.
    """
    running, board = deployment.twin or deployment.firmware, deployment.firmware.board
    counts = count_inference(running, samples, timing_model(board).accelerator, _kept(cache_dir))
    instructions = deployment.measurement.latency.instructions
    return of_counts(deployment.graph, deployment.ledger, board, counts, instructions)


def modelled_alone(
    graph: Graph, board: Board, ledger: Ledger, workdir: Path, cache_dir: Path | None
) -> tuple[Latency | None, str]:
    """The latency of ``graph``, planned by ``ledger``, in its own firmware on QEMU; or None and why not."""
    try:
        built = build(graph, board, workdir=workdir, cache_dir=cache_dir, ledger=ledger)
        counts = counted(board, workdir / "twin", cache_dir)(built, random_samples(graph, 1, seed=0))
        return of_counts(graph, built.ledger, board, counts).latency, ""
    except (BoardError, DeviceError, DeadlineError) as error:
        return None, f"not modelled: {error.message}"


def of_counts(
    graph: Graph,
    ledger: Ledger,
    board: Board,
    counts: Sequence[ClassCounts],
    instructions: int | None = None,
) -> Modelled:
    """Model the class ``counts`` of each op of ``graph``, in the order of running, on ``board``."""
    timing = timing_model(board, str(ledger.arena_location))
    ops = sorted(
        (
            OpCycles(i, timing.cycles(c), timing.parts(c), _bound(graph, ledger, i, timing))
            for i, c in zip(ledger.plan.order, counts, strict=True)
        ),
        key=lambda op: op.index,
    )
    cycles = sum(op.cycles.value for op in ops)
    return Modelled(modelled_latency(cycles, timing, board, instructions), tuple(ops))


def counted(
    board: Board, workdir: Path, cache_dir: Path | None
) -> Callable[[Built, Samples], tuple[ClassCounts, ...]]:
    """Counts by QEMU, on the machine that stands in for ``board`` if it is not its own."""

    def count(built: Built, samples: Samples) -> tuple[ClassCounts, ...]:
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
        return count_inference(running, samples, timing_model(board).accelerator, _kept(cache_dir))

    return count


def _kept(cache_dir: Path | None) -> Path | None:
    return None if cache_dir is None else cache_dir.parent / "counts"


def try_modelled(
    deployment: Deployment, samples: Samples, cache_dir: Path | None
) -> tuple[Modelled | None, str]:
    """``modelled``, or None and the reason; the reason is empty if no model was expected."""
    if not can_be_modelled(deployment):
        return None, ""
    try:
        return modelled(deployment, samples, cache_dir), ""
    except (DeviceError, DeadlineError) as error:
        return None, f"not modelled: {error.message}"


def op_to_json(op: OpCycles) -> dict[str, Json]:
    """Additional keys of ``per_op`` for a modelled network."""
    distance = op.distance
    return {
        "cycles": round(op.cycles.value),
        "cycles_range": [round(op.cycles.low), round(op.cycles.high)],
        "bound_by": op.parts.bound,
        "times_bound": None if distance is None else round(distance, 2),
    }


def _bound(graph: Graph, ledger: Ledger, index: int, timing: TimingModel) -> float | None:
    cycles = bound_cycles(graph, graph.ops[index], ledger.lowered[index].kernel, timing.core)
    return None if cycles is None else timing.scale * cycles
