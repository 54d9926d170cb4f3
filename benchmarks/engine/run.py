"""The engine's benchmark: instructions, SRAM, constants, code and stack of the published networks.

    python -m benchmarks.engine.run            # prints, compares with table.json, names every regression
    python -m benchmarks.engine.run --update   # writes table.json
    python -m benchmarks.engine.run --remove-constant-channels; --core M0PLUS: the same for those

Instructions are executed instructions on an emulated Cortex-M4F, which repeat exactly; they are not
cycles. Every output is compared with TFLite Micro's. Exit code 1 on a regression or a difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.engine.emulate import REPOSITORY, Emulated, emulate
from benchmarks.engine.macs import op_macs
from micronas.board import Core
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import Graph
from micronas.model.tflite import read

sys.path.insert(0, str(REPOSITORY / "tests"))
from tests.support.oracle import random_inputs, run_tflm

TABLE = Path(__file__).with_name("table.json")
MODELS = REPOSITORY.parent / "shared" / "models"
NAMES = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model")
COLUMNS = ("instructions", "arena_bytes", "constant_bytes", "code_bytes", "stack_bytes")


@dataclass(frozen=True)
class Measured:
    """One network on one core."""

    graph: Graph
    emulated: Emulated
    equal: bool

    def row(self) -> dict[str, int | list[int]]:
        """The figures that the table keeps."""
        e = self.emulated
        totals = (sum(e.instructions), e.arena_bytes, e.constant_bytes, e.code_bytes, e.stack_bytes)
        return {**dict(zip(COLUMNS, totals, strict=True)), "per_op": list(e.instructions)}


def measure(name: str, core: Core, without_constant_channels: bool) -> Measured:
    """Run the network called ``name`` once on fixed random input."""
    path = MODELS / f"{name}.tflite"
    original = read(path)
    inputs = random_inputs(original, np.random.default_rng(1), 1)
    graph = remove_constant_channels(original) if without_constant_channels else original
    emulated = emulate(graph, [x[0] for x in inputs], core)
    wanted = np.concatenate([y.reshape(-1) for y in run_tflm(original, inputs, path.read_bytes())])
    return Measured(graph, emulated, bool(np.array_equal(emulated.outputs, wanted)))


def describe(name: str, measured: Measured) -> str:
    """The network's totals and a line per op."""
    row, macs = measured.row(), [op_macs(measured.graph, op) for op in measured.graph.ops]
    equal = "equal to TFLite Micro" if measured.equal else "DIFFERENT FROM TFLITE MICRO"
    total = sum(measured.emulated.instructions)
    lines = [f"{name}: {total / 1e6:.3f} M instructions, {total / sum(macs):.2f} per MAC; output {equal}"]
    lines.append("  " + ", ".join(f"{column} {row[column]}" for column in COLUMNS[1:]))
    for op, low, count, mac in zip(
        measured.graph.ops, measured.emulated.lowered, measured.emulated.instructions, macs, strict=True
    ):
        shape = "x".join(map(str, measured.graph.tensors[op.outputs[0]].shape[1:]))
        per_mac = f"{count / mac:7.2f} per MAC" if mac else ""
        lines.append(f"  {low.op_index:3d} {op.kind:18s} {shape:10s} {low.kernel:24s} {count:9d} {per_mac}")
    return "\n".join(lines)


def regressions(
    key: str, row: dict[str, int | list[int]], table: dict[str, dict[str, int | list[int]]]
) -> list[str]:
    """Every figure that is larger than the committed one."""
    if key not in table:
        return [f"{key}: not in {TABLE.name}"]
    old = table[key]
    found = [f"{key}: {c} {old[c]} -> {row[c]}" for c in COLUMNS if row[c] > old[c]]  # type: ignore[operator]
    ops, old_ops = row["per_op"], old["per_op"]
    assert isinstance(ops, list)
    assert isinstance(old_ops, list)
    pairs = enumerate(zip(old_ops, ops, strict=False))
    return found + [f"{key}: op {i} {a} -> {b} instructions" for i, (a, b) in pairs if b > a]


def main() -> int:
    """Measure, print, compare or update."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="write the figures to table.json")
    parser.add_argument("--core", choices=[c.name for c in (Core.M0PLUS, Core.M3, Core.M4F)], default="M4F")
    parser.add_argument("--remove-constant-channels", action="store_true", help="simplify networks first")
    arguments = parser.parse_args()
    removed = arguments.remove_constant_channels
    table = json.loads(TABLE.read_text()) if TABLE.is_file() else {}
    problems: list[str] = []
    for name in NAMES:
        measured = measure(name, Core[arguments.core], removed)
        label = f"{name} without constant channels" if removed else name
        print(describe(label, measured))
        key, row = f"{arguments.core}/{label}", measured.row()
        problems += [] if measured.equal else [f"{key}: output differs from TFLite Micro's"]
        problems += [] if arguments.update else regressions(key, row, table)
        table[key] = row
    if arguments.update:
        TABLE.write_text(json.dumps(table, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print("\n".join(problems) if problems else "no regression")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
