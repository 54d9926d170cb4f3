"""One network on every emulated machine: executed instructions by core, outputs compared in every element.

    python -m benchmarks.twins.run MODEL.tflite [--samples N]

Prints the Markdown table of docs/guides/emulators.md. Instructions are not cycles: two cores with the same
count may differ in time by a factor of two. Exit code 1 if an output differs from the reference.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board, Core, Emulator, load_board
from micronas.board.twin import machine_for, twin_of
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.deploy.deployment import cache_folder, random_samples
from micronas.deploy.measure import Measurement, measure
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.firmware import build_firmware
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read

BASE = load_board("netduinoplus2")


@dataclass(frozen=True)
class Row:
    """One machine's figures; ``dsp`` of ``kernels`` kernels are the DSP form."""

    machine: str
    core: Core
    dsp: int
    kernels: int
    measurement: Measurement


def boards() -> list[Board]:
    """The own-chip board, and the stand-in of every core."""
    return [BASE, *(stand_in(core) for core in Core)]


def stand_in(core: Core) -> Board:
    """A board of ``core`` with the memory of the base board, on the machine that stands in for the core."""
    emulator = Emulator(machine=machine_for(core).name, own_chip=False)
    sram = BASE.region("sram")
    flash = BASE.region("flash").model_copy(update={"length": 512 * 1024})
    update = {"core": core, "emulator": emulator, "regions": (flash, sram)}
    board = twin_of(BASE.model_copy(update=update))
    assert board is not None, "machine_for names a machine of the table"
    return board


def run(graph: Graph, board: Board, samples: int) -> Row:
    """Build ``graph`` for ``board``, run it in QEMU, compare every output element with the interpreter."""
    assert board.emulator is not None
    lowered = lower_graph(graph, Target(board.core))
    sources = generate(graph, lowered, plan_memory(graph, lowered), name=graph.name)
    inputs = random_samples(graph, samples, seed=0)
    with tempfile.TemporaryDirectory(prefix="micronas-") as folder:
        firmware = build_firmware(sources, board, workdir=Path(folder), cache_dir=cache_folder())
        with QemuDevice(board, firmware.elf) as link:
            measurement = measure(
                Client(link), graph, board, inputs, run_batch(graph, inputs), build_id=firmware.build_id
            )
    kernels = {low.kernel for low in lowered}
    dsp = sum("dsp" in kernel for kernel in kernels)
    return Row(board.emulator.machine, board.core, dsp, len(kernels), measurement)


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| machine | compiled for | kernels, of these DSP | instructions | spread | outputs equal |"]
    lines.append("|---|---|---|---:|---:|---:|")
    for row in rows:
        parity, counts = row.measurement.parity, row.measurement
        equal = f"{parity.elements - parity.mismatches} of {parity.elements}"
        kernels = f"{row.kernels}, {row.dsp}"
        count = f"{round(counts.median):,}"
        lines.append(
            f"| {row.machine} | {row.core.value} | {kernels} | {count} | {counts.spread} | {equal} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--samples", type=int, default=8, help="random inputs to compare")
    arguments = parser.parse_args()
    graph = read(arguments.model)
    rows = [run(graph, board, arguments.samples) for board in boards()]
    print(table(rows))
    return int(any(row.measurement.parity.mismatches for row in rows))


if __name__ == "__main__":
    sys.exit(main())
