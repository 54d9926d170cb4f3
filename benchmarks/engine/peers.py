"""Other engines beside ours: the same layers, compiler, emulator and model of cycles, in one run.

    pip install -e '.[benchmark]'
    python -m benchmarks.engine.peers            # prints, and compares with peers.json
    python -m benchmarks.engine.peers --update   # writes peers.json

The networks are those of ``run``, without a last SOFTMAX, which bakeNN does not read. Ours are as in
``run``: constant channels are not removed. Every output is compared with TensorFlow Lite Micro's. Exit code
1 if one differs, or if a figure is not the committed one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.engine.emulate import (
    COMPILE_FLAGS,
    EMULATOR,
    LINK_FLAGS,
    QEMU,
    check_counts,
    class_counts,
    emulate,
)
from benchmarks.engine.peers_bakenn import DEFINITIONS, Kernels, generate, readable
from benchmarks.engine.run import MODELS, NAMES, WAIT_STATES
from micronas.board import Core
from micronas.latency.core_model import model_of
from micronas.latency.counts.classes import ClassCounts
from micronas.model.tflite import read_bytes
from tests.support.oracle import random_inputs, run_tflm

TABLE = Path(__file__).with_name("peers.json")
OURS = "micronas"
CLOCK_MHZ = 120
"""Of the NUCLEO-L4R5ZI, on which MLPerf Tiny's results are mostly published."""


@dataclass(frozen=True)
class Figures:
    """One network by one engine: executed instructions, and modelled cycles at each of ``WAIT_STATES``."""

    instructions: int
    cycles: tuple[int, ...]
    equal: bool

    @classmethod
    def of(cls, instructions: int, counts: Sequence[ClassCounts], *, equal: bool) -> Figures:
        """The figures of the ops that were counted."""
        models = [model_of(Core.M4F, "stm32l4", wait_states) for wait_states in WAIT_STATES]
        cycles = tuple(round(sum(model.cycles(c).value for c in counts)) for model in models)
        return cls(instructions, cycles, equal)

    def text(self) -> str:
        """For example ``7.74 M instructions; 10.1, 11.1 M cycles; 92.5 ms``."""
        cycles = ", ".join(f"{c / 1e6:.3f}" for c in self.cycles)
        ms = self.cycles[-1] / CLOCK_MHZ / 1000
        equal = "equal to TFLite Micro" if self.equal else "DIFFERENT FROM TFLITE MICRO"
        return f"{self.instructions / 1e6:8.3f} M instructions; {cycles} M cycles; {ms:.1f} ms; {equal}"


def measure(name: str) -> Iterator[tuple[str, Figures]]:
    """Each engine's figures of the network called ``name``, for one random input."""
    tflite = readable((MODELS / f"{name}.tflite").read_bytes())
    graph = read_bytes(tflite, name)
    inputs = random_inputs(graph, np.random.default_rng(1), 1)
    wanted = np.concatenate([y.reshape(-1) for y in run_tflm(graph, inputs, tflite)])
    ours = emulate(graph, [x[0] for x in inputs], Core.M4F)
    equal = bool(np.array_equal(ours.outputs, wanted))
    yield OURS, Figures.of(sum(ours.instructions), ours.counts, equal=equal)
    for kernels in Kernels:
        yield kernels.value, by_bakenn(tflite, inputs[0][0], kernels, wanted)


def by_bakenn(
    tflite: bytes, x: npt.NDArray[np.generic], kernels: Kernels, wanted: npt.NDArray[np.generic]
) -> Figures:
    """Build bakeNN's C with the flags of our own kernels, and run it once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources, includes = generate(tflite, kernels, folder / "network")
        (folder / "in.bin").write_bytes(np.ascontiguousarray(x).tobytes())
        sources = [Path(__file__).with_name("peers_network.c"), EMULATOR / "main.c", *sources]
        flags = [*Core.M4F.compiler_flags, *COMPILE_FLAGS, "-std=c11", *DEFINITIONS, *LINK_FLAGS]
        elf = folder / "peer.elf"
        files = [*(f"-I{i}" for i in includes), "-o", str(elf), *map(str, sources)]
        subprocess.run(["arm-none-eabi-gcc", *flags, *files], check=True)
        subprocess.run([*QEMU, "-kernel", str(elf)], cwd=folder, check=True, timeout=300)
        answer = (folder / "out.bin").read_bytes()
        counts = class_counts(elf, (0,))
    instructions = int.from_bytes(answer[:4], "little")
    check_counts((instructions,), counts)
    outputs = np.frombuffer(answer, np.int8, offset=4)
    return Figures.of(instructions, counts, equal=bool(np.array_equal(outputs, wanted)))


def main() -> int:
    """Measure, print, compare or update."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="write the figures to peers.json")
    update = parser.parse_args().update
    committed = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}
    table: dict[str, dict[str, object]] = {}
    for name in NAMES:
        table[name] = {}
        for engine, figures in measure(name):
            print(f"{name:24s}{engine:10s}{figures.text()}", flush=True)
            table[name][engine] = json.loads(json.dumps(asdict(figures)))
    if update:
        TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    problems = [f"{n}, {e}: not equal" for n, row in table.items() for e, f in row.items() if not f["equal"]]  # type: ignore[index]
    problems += [] if update or table == committed else ["the figures are not those of peers.json"]
    print("\n".join(problems) if problems else "every output is equal to TensorFlow Lite Micro's")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
