"""CPU seconds and memory of `micronas check` and `micronas export` on files that are far too large.

    python -m benchmarks.scale.large_files
    python -m benchmarks.scale.large_files --plans    # CPU seconds of their memory plans alone

Each command runs in a process of its own; starting Python and reading the modules is part of its figures. The
last column is the message with which a file is refused.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from micronas.model.graph import DType, Graph, Op, Quant, Tensor
from micronas.model.op_attributes import Binary, ResizeNearest
from micronas.model.tflite.writer import write

_QUANT = Quant((0.5,), (0,))
_TIMEOUT_S = 600


def branching(ops: int) -> Graph:
    """Additions of two recent tensors; what remains unread is added up at the end."""
    rng = np.random.default_rng(4)
    pairs, unread = list[tuple[int, int]](), [0]
    for i in range(ops):
        last = len(pairs)
        one, two = (int(t) for t in rng.integers(max(0, last - 12), last + 1, 2))
        if i >= ops // 2 and len(unread) > 1:
            one, two = unread[:2]
        unread = [t for t in unread if t not in (one, two)] + [last + 1]
        pairs.append((one, two))
    return _additions("branching", pairs, unread)


def chain(ops: int) -> Graph:
    """Each tensor added to itself."""
    return _additions("chain", [(i, i) for i in range(ops)], [ops])


def side_by_side(outputs: int) -> Graph:
    """The input added to itself, as often as there are outputs."""
    return _additions("side_by_side", [(0, 0)] * outputs, range(1, outputs + 1))


def large_output(side: int) -> Graph:
    """One op whose output has ``4 * side * side`` bytes."""
    size = Tensor("size", (2,), DType.INT32, None, True, np.array([side, side], np.int32))
    tensors = (_tensor("x", 4), size, _tensor("y", side))
    op = Op("RESIZE_NEAREST_NEIGHBOR", (0, 1), (2,), ResizeNearest())
    return Graph("large_output", tensors, (op,), (0,), (2,))


def _tensor(name: str, side: int) -> Tensor:
    return Tensor(name, (1, side, side, 4), DType.INT8, _QUANT)


def _additions(name: str, pairs: Sequence[tuple[int, int]], outputs: Sequence[int]) -> Graph:
    tensors = tuple(_tensor(f"t{i}", 4) for i in range(len(pairs) + 1))
    ops = tuple(Op("ADD", pair, (i + 1,), Binary()) for i, pair in enumerate(pairs))
    return Graph(name, tensors, ops, (0,), tuple(outputs))


FILES: dict[str, Callable[[], Graph]] = {
    "800 ops that branch": lambda: branching(800),
    "4,000 ops that branch": lambda: branching(4_000),
    "4,000 ops in a chain": lambda: chain(4_000),
    "20,000 ops in a chain": lambda: chain(20_000),
    "3,000 outputs": lambda: side_by_side(3_000),
    "an output of 256 MB": lambda: large_output(8_000),
}


def measured(arguments: Sequence[str]) -> tuple[float, float, int, str]:
    """CPU seconds, MB of resident memory at most, exit code, and the message of an error."""
    command = [sys.executable, "-m", "micronas", *arguments]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(["timeout", str(_TIMEOUT_S), *command], stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = [line.strip() for line in said.read().splitlines() if line.strip()]
    text = {0: "", 1: "does not fit"}.get(process.returncode, lines[0] if lines else "")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, text


def print_plans() -> None:
    """The median CPU seconds of five plans of each graph."""
    chains = {f"{ops:,} ops in a chain": chain(ops) for ops in (500, 1_000, 2_000, 4_000)}
    print("| graph | CPU s |\n|---|---|")
    for name, graph in {"800 ops that branch": branching(800), **chains}.items():
        lowered = lower_graph(graph, Target(load_board("nucleo_f446re").core))
        seconds = []
        for _ in range(5):
            start = time.process_time()
            plan_memory(replace(graph), lowered)  # a copy, of which nothing is kept
            seconds.append(time.process_time() - start)
        print(f"| {name} | {statistics.median(seconds):.2f} |", flush=True)


def main() -> None:
    if "--plans" in sys.argv:
        print_plans()
        return
    wanted = sys.argv[1:]
    print("| file | command | CPU s | memory, MB | exit | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for number, (name, make) in enumerate(FILES.items()):
            if wanted and name not in wanted:
                continue
            path = Path(place) / f"file{number}.tflite"
            path.write_bytes(write(make()))
            out = str(Path(place) / f"out{number}")
            commands = {
                "check": ("check", str(path), "--board", "nucleo_f446re"),
                "export": ("export", str(path), "--out", out),
            }
            for verb, arguments in commands.items():
                cpu_s, mb, code, text = measured(arguments)
                print(f"| {name} | {verb} | {cpu_s:.1f} | {mb:.0f} | {code} | {text} |", flush=True)


if __name__ == "__main__":
    main()
