"""The engine's benchmark: cycles, instructions, SRAM, constants, code and stack of the published networks.

    python -m benchmarks.engine.run            # prints, compares with table.json, names every regression
    python -m benchmarks.engine.run --update   # writes table.json
    python -m benchmarks.engine.run --remove-constant-channels; --core M0PLUS: the same for those
    python -m benchmarks.engine.run --by-rows  # with the first ops by rows, where that is smaller
    python -m benchmarks.engine.run --row-input sram  # the input, too, as in an export; or auto
    python -m benchmarks.engine.run --every    # all of these; with --update the whole table

Cycles are modelled (docs/background/latency_model.md), of a Cortex-M4 without wait states and of an STM32L4
with five. They are what must not grow: a kernel that executes more instructions in fewer cycles is an
improvement. Instructions are executed ones in the emulator; they are named where they change, and guarded
only for cores whose cycles are not counted here (M3, M0+). Both repeat exactly. Every output is compared
with TFLite Micro's. Exit code 1 on a regression or a difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.engine.emulate import REPOSITORY, Emulated, emulate
from benchmarks.engine.macs import op_macs
from micronas.board import Core
from micronas.codegen.lowering.row_source import fed_by_rows
from micronas.latency.core_model import model_of
from micronas.memory.ledger.row_input import why_no_row_input
from micronas.memory.plan.prefer import Prefer
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import Graph
from micronas.model.tflite import read

sys.path.insert(0, str(REPOSITORY / "tests"))
from tests.support.oracle import random_inputs, run_tflm

TABLE = Path(__file__).with_name("table.json")
MODELS = REPOSITORY.parent / "shared" / "models"
NAMES = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model")
COLUMNS = ("instructions", "arena_bytes", "constant_bytes", "code_bytes", "stack_bytes")
WAIT_STATES = (0, 5)


Row: TypeAlias = dict[str, int | list[int]]
"""A line of the table."""


@dataclass(frozen=True)
class Measured:
    """One network on one core."""

    graph: Graph
    emulated: Emulated
    equal: bool

    def row(self) -> Row:
        """The figures that the table keeps."""
        e = self.emulated
        totals = (sum(e.instructions), e.arena_bytes, e.constant_bytes, e.code_bytes, e.stack_bytes)
        row: Row = {**dict(zip(COLUMNS, totals, strict=True)), "per_op": list(e.instructions)}
        return {**row, **(self.cycles() if e.counts else {})}

    def cycles(self) -> Row:
        """Modelled cycles of the network and of each op, at each number of wait states."""
        found: Row = {}
        for wait_states in WAIT_STATES:
            model = model_of(Core.M4F, "stm32l4", wait_states)
            per_op = [round(model.cycles(c).value) for c in self.emulated.counts]
            found |= {f"cycles_{wait_states}ws": sum(per_op), f"per_op_cycles_{wait_states}ws": per_op}
        return found


def measure(
    name: str,
    core: Core,
    without_constant_channels: bool = False,
    *,
    by_rows: bool = False,
    row_input: Prefer | None = None,
) -> Measured:
    """Run the network called ``name`` once on fixed random input."""
    path = MODELS / f"{name}.tflite"
    original = read(path)
    inputs = random_inputs(original, np.random.default_rng(1), 1)
    graph = remove_constant_channels(original) if without_constant_channels else original
    emulated = emulate(graph, [x[0] for x in inputs], core, by_rows=by_rows, row_input=row_input)
    wanted = np.concatenate([y.reshape(-1) for y in run_tflm(original, inputs, path.read_bytes())])
    graph = graph if row_input is None else fed_by_rows(graph)
    return Measured(graph, emulated, bool(np.array_equal(emulated.outputs, wanted)))


@dataclass(frozen=True)
class Variant:
    """Networks of one core in one form."""

    core: Core
    without_constant_channels: bool = False
    by_rows: bool = False
    row_input: Prefer | None = None

    def key(self, name: str) -> str:
        """The key of a network's line in the table."""
        label = f"{name} without constant channels" if self.without_constant_channels else name
        label = f"{label} by rows" if self.by_rows else label
        label = f"{label} with the input by rows ({self.row_input})" if self.row_input else label
        return f"{self.core.name}/{label}"


EVERY = (
    *map(Variant, (Core.M4F, Core.M0PLUS, Core.M3)),
    Variant(Core.M4F, without_constant_channels=True),
    Variant(Core.M4F, by_rows=True),
    *(Variant(Core.M4F, row_input=prefer) for prefer in (Prefer.AUTO, Prefer.SRAM)),
)
"""Those of the committed table."""


def measured_networks(variant: Variant) -> Iterator[tuple[str, Measured]]:
    """The networks that have this form, with their keys."""
    by_rows, row_input = variant.by_rows, variant.row_input
    for name in NAMES:
        if row_input is not None and why_no_row_input(read(MODELS / f"{name}.tflite")):
            continue
        removed = variant.without_constant_channels
        found = measure(name, variant.core, removed, by_rows=by_rows, row_input=row_input)
        if not by_rows or any(low.row_call for low in found.emulated.lowered):
            yield variant.key(name), found


def describe(name: str, measured: Measured) -> str:
    """The network's totals and a line per op."""
    row, macs = measured.row(), [op_macs(measured.graph, op) for op in measured.graph.ops]
    equal = "equal to TFLite Micro" if measured.equal else "DIFFERENT FROM TFLITE MICRO"
    total = sum(measured.emulated.instructions)
    lines = [f"{name}: {total / 1e6:.3f} M instructions, {total / sum(macs):.2f} per MAC; output {equal}"]
    lines.append("  " + ", ".join(f"{column} {row[column]}" for column in COLUMNS[1:]))
    if measured.emulated.counts:
        cycles = ", ".join(f"{row[f'cycles_{w}ws']} at {w} wait states" for w in WAIT_STATES)
        lines.append(f"  cycles, modelled: {cycles}")
    for index, (op, low, count, mac) in enumerate(
        zip(measured.graph.ops, measured.emulated.lowered, measured.emulated.instructions, macs, strict=True)
    ):
        shape = "x".join(map(str, measured.graph.tensors[op.outputs[0]].shape[1:]))
        per_mac = f"{count / mac:7.2f} per MAC" if mac else ""
        line = f"  {low.op_index:3d} {op.kind:18s} {shape:10s} {low.kernel:24s} {count:9d} {per_mac:16s}"
        lines.append(line + _op_cycles(row, index, mac))
    return "\n".join(lines)


def _op_cycles(row: Row, index: int, mac: int) -> str:
    if "cycles_0ws" not in row:
        return ""
    cycles = [_list(row[f"per_op_cycles_{w}ws"])[index] for w in WAIT_STATES]
    per_mac = "".join(f" {c / mac:6.2f}" for c in cycles) + " cycles per MAC" if mac else ""
    return "".join(f"{c:10d}" for c in cycles) + per_mac


def regressions(key: str, row: Row, table: dict[str, Row]) -> list[str]:
    """Every guarded figure that is larger than the committed one.

    Cycles are guarded where both have them, instructions otherwise.
    """
    if key not in table:
        return [f"{key}: not in {TABLE.name}"]
    old = table[key]
    in_cycles = "cycles_0ws" in row and "cycles_0ws" in old
    times = [f"cycles_{w}ws" for w in WAIT_STATES] if in_cycles else ["instructions"]
    columns = [*times, *COLUMNS[1:]]
    found = [f"{key}: {c} {old[c]} -> {row[c]}" for c in columns if row[c] > old[c]]  # type: ignore[operator]
    per_op = [f"per_op_{t}" for t in times] if in_cycles else ["per_op"]
    for name, unit in zip(per_op, times, strict=True):
        pairs = enumerate(zip(_list(old[name]), _list(row[name]), strict=False))
        found += [f"{key}: op {i} {a} -> {b} {unit}" for i, (a, b) in pairs if b > a]
    return found


def remarks(key: str, row: Row, table: dict[str, Row]) -> list[str]:
    """Instructions that changed where cycles are guarded: to know, not to refuse."""
    old = table.get(key, {})
    if "cycles_0ws" not in row or "cycles_0ws" not in old or old["instructions"] == row["instructions"]:
        return []
    return [f"{key}: instructions {old['instructions']} -> {row['instructions']} (not guarded)"]


def _list(value: int | list[int]) -> list[int]:
    assert isinstance(value, list)
    return value


def main() -> int:
    """Measure, print, compare or update."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="write the figures to table.json")
    parser.add_argument("--core", choices=[c.name for c in (Core.M0PLUS, Core.M3, Core.M4F)], default="M4F")
    parser.add_argument("--remove-constant-channels", action="store_true", help="simplify networks first")
    parser.add_argument("--by-rows", action="store_true", help="run the first ops by rows")
    parser.add_argument(
        "--row-input", choices=["auto", "sram"], help="also the input comes by rows: its plan"
    )
    parser.add_argument("--every", action="store_true", help="all cores and forms, one after the other")
    arguments = parser.parse_args()
    row_input = None if arguments.row_input is None else Prefer(arguments.row_input)
    removed, by_rows = arguments.remove_constant_channels, arguments.by_rows
    given = Variant(Core[arguments.core], removed, by_rows=by_rows, row_input=row_input)
    table = json.loads(TABLE.read_text()) if TABLE.is_file() else {}
    problems: list[str] = []
    for variant in EVERY if arguments.every else (given,):
        for key, measured in measured_networks(variant):
            print(describe(key, measured), flush=True)
            row = measured.row()
            problems += [] if measured.equal else [f"{key}: output differs from TFLite Micro's"]
            problems += [] if arguments.update else regressions(key, row, table)
            for remark in remarks(key, row, table):
                print(remark)
            table[key] = row
    if arguments.update:
        TABLE.write_text(json.dumps(table, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print("\n".join(problems) if problems else "no regression")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
