"""Kernels from RAM against kernels from flash, on every board, by the cycle model: does it pay?

    python -m benchmarks.latency.ram_code            # counts in the emulator, half an hour; writes both files
    python -m benchmarks.latency.ram_code --counted  # from ram_code.json as it is

All modelled. Each core's code runs once per network, and the log of its blocks is counted behind the caches
of each chip, and once as words that are fetched. docs/background/engine.md says what is assumed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engine.run import MODELS
from benchmarks.latency.harness import Harness
from benchmarks.latency.table import NETWORKS
from micronas.board import Board, Core, board_names, load_board
from micronas.latency.core_model import Accelerator, accelerators, accesses, timing_model
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.counts.flash_cache import CacheShape
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.tflite import read

FOLDER = Path(__file__).parent
COUNTS, PAGE = FOLDER / "ram_code.json", FOLDER / "ram_code.md"
PLANNED_FOR = {Core.M4F: "nucleo_l4r5zi", Core.M3: "netduino2", Core.M0PLUS: "nucleo_g071rb"}
"""The board whose latency plan is counted on a core."""
WORDS = "words"
CACHES = {"m7_4k": (128, 32), "m7_16k": (512, 32), "m33_8k": (512, 16)}
"""Instruction caches before flash: lines, bytes of one (DS10916, DS11532, DS12110; RM0438, RM0456)."""
CACHE_OF = {
    "nucleo_f746zg": "m7_4k",
    "disco_f746ng": "m7_4k",
    "nucleo_f767zi": "m7_16k",
    "nucleo_h743zi2": "m7_16k",
}
FILL_CYCLES = 30
"""A generous price of a line that these caches miss: wait states, beats of the bus and its bridge."""
FETCH_CYCLES = 2
"""A word of code from SRAM by the system bus of a Cortex-M3 or M4, which registers it: a cycle more."""

Counts = dict[str, Any]


def _shape(lines: int, line_bytes: int) -> Accelerator:
    shape = CacheShape(lines=lines, line_bytes=line_bytes, sector_bytes=line_bytes)
    return Accelerator(instructions=shape, data=shape, source="see CACHES")


def paths(core: Core) -> dict[str, Accelerator]:
    """What is counted on a core, by name."""
    families = {Core.M4F: ("stm32l4", "stm32f4"), Core.M3: ("stm32f1", "stm32f2"), Core.M0PLUS: ("stm32g0",)}
    found = {family: accelerators()[family] for family in families[core]}
    if core is Core.M4F:
        found |= {name: _shape(*shape) for name, shape in CACHES.items()}
    return {**found, WORDS: _shape(1, 4)}


def count() -> Counts:
    """Class counts of every network on every core, behind each of its caches."""
    found: Counts = {}
    for core, board_name in PLANNED_FOR.items():
        with tempfile.TemporaryDirectory() as folder:
            counted_paths = paths(core)
            harness = Harness(core, list(counted_paths.values()), Path(folder))
            for name, file in NETWORKS.items():
                graph = read(MODELS / f"{file}.tflite")
                if "removed" in name:
                    graph = remove_constant_channels(graph)
                ledger = make_ledger(graph, load_board(board_name), prefer=Prefer.LATENCY)
                ops = harness.count(graph, free_bytes=[low.scratch_bytes for low in ledger.lowered]).counts
                totals = (dataclasses.asdict(sum(one, ClassCounts())) for one in ops)
                row = dict(zip(counted_paths, totals, strict=True))
                sizes = {"sram": ledger.sram_bytes, "flash": ledger.flash_bytes}
                found[f"{core.value}|{name}"] = {**row, **sizes}
                print(core.value, name, flush=True)
    return found


def cycles(board: Board, row: Counts) -> tuple[float, float]:
    """Modelled cycles from flash and from RAM. From RAM, they are a lower bound on M3, M4 over the system
    bus, M7 and M33.
    """
    timing = timing_model(board)
    accelerators_ = paths(board.core if board.core in PLANNED_FOR else Core.M4F)
    family = next(n for n, a in accelerators_.items() if a.instructions == timing.accelerator.instructions)
    counts = ClassCounts(**row[family])
    total = timing.cycles(counts).value
    if board.core in (Core.M7, Core.M33):
        lines = row[CACHE_OF.get(board.name, "m33_8k")]["flash_insn"]
        return total, total - FILL_CYCLES * lines
    if board.code_memory is not None:
        return total, total - timing.miss_cycles * counts.flash_insn
    bus = FETCH_CYCLES * row[WORDS]["flash_insn"] + accesses(counts)
    return total, max(timing.core_cycles(counts), bus) + timing.miss_cycles * counts.flash_data


def cell(board: Board, row: Counts | None) -> str:
    """``43.1, 41.2 (-4.4 %)``: milliseconds from flash and from RAM."""
    ram = sum(r.length for r in board.regions if r.kind.holds_data)
    if row is None or row["flash"] > board.flash_bytes or row["sram"] > ram:
        return ""
    flash, placed = cycles(board, row)
    ms = 1000.0 / board.clock.hz
    texts = (f"{c * ms:,.0f}" if c * ms >= 1000 else f"{c * ms:.3g}" for c in (flash, placed))
    return f"{', '.join(texts)} ({placed / flash - 1:+.1%})"


def page(found: Counts) -> str:
    """The committed table."""
    lines = [
        "# Kernels from RAM, by the cycle model",
        "",
        "By `python -m benchmarks.latency.ram_code`. Milliseconds from flash, then from RAM, **modelled**,",
        "of the plan `latency`; empty where its bytes exceed the board's. On boards with a star, which have",
        "`code_memory`, the second figure is what the model gives. On all others it is a lower bound:",
        "[what is assumed](../../docs/background/engine.md#code-in-ram). Time alone: whether code and arena",
        "have room together is the ledger's to say.",
        "",
        f"| board | core | {' | '.join(NETWORKS)} |",
        "|" + "---|" * (2 + len(NETWORKS)),
    ]
    for name in board_names():
        board = load_board(name)
        core = board.core if board.core in PLANNED_FOR else Core.M4F
        cells = [cell(board, found.get(f"{core.value}|{network}")) for network in NETWORKS]
        mark = " *" if board.code_memory else ""
        lines.append(f"| {name}{mark} | {board.core.value} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Count, or read what was counted, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--counted", action="store_true", help="keep ram_code.json as it is")
    if not parser.parse_args().counted:
        COUNTS.write_text(json.dumps(count(), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(COUNTS.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
