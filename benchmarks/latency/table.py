"""Five published networks on five boards: our modelled latency beside what others published.

    python -m benchmarks.latency.table            # counts in the emulator, ten minutes; writes both files
    python -m benchmarks.latency.table --counted  # from counts.json as it is
    python -m benchmarks.latency.table --network vww  # counts only networks of which a name begins so

Ours are modelled from class counts of the network's C, compiled for a Cortex-M4, behind the flash caches of
an STM32L4 and an STM32F4; never measured. The others' are measured by their submitters
(published_latency.csv).
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import re
import sys
import tempfile
from pathlib import Path

from benchmarks.engine.run import MODELS
from benchmarks.latency.harness import Harness
from micronas.board import Core, load_board
from micronas.latency.core_model import accelerators, timing_model
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.op_model import CODES, modelled_latency
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import Graph
from micronas.model.tflite import read

FOLDER = Path(__file__).parent
COUNTS, TABLE, PUBLISHED = FOLDER / "counts.json", FOLDER / "results.md", FOLDER / "published_latency.csv"
NETWORKS = {
    "kws": "kws_ref_model",
    "vww": "vww_96_int8",
    "vww, constant channels removed": "vww_96_int8",
    "ic": "pretrainedResnet_quant",
    "ad": "ad01_int8",
    "sww": "str_ww_ref_model",
}
BOARDS = ("nucleo_l4r5zi", "nucleo_f446re", "nucleo_f746zg", "nucleo_h743zi2", "nucleo_u575zi_q")
ENGINES = {
    "X-CUBE-AI 9": "X-CUBE-AI v9",
    "Plumerai 2023.05": "Plumerai Inference Engine 2023",
    "HALE": "Bosch",
    "ONNC": "ONNC",
    "microTVM + CMSIS-NN": "microTVM+CMSIS-NN",
    "TFLM 2.3.1": "TensorFlow Lite",
}
"""How a column is headed, and what the engine's name begins with in published_latency.csv."""
PUBLISHED_BOARDS = {
    "nucleo_l4r5zi": "L4R5ZI",
    "nucleo_f746zg": "F746NG",
    "nucleo_h743zi2": "H7A3ZI",
    "nucleo_u575zi_q": "U575ZI",
}
"""What a published board's name holds: the F746 on its Discovery board, the H7A3 in place of an H743."""
OTHER_FORMS = ("float", "min_ram", "max_performance")


def count(kept: dict[str, dict[str, dict[str, float]]], only: str) -> dict[str, dict[str, dict[str, float]]]:
    """Class counts of every network behind each accelerator that the M4's code is fitted for.

    Only of those whose name begins with ``only``; of the others what is ``kept``.
    """
    families = CODES[Core.M4F]
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Core.M4F, [accelerators()[f] for f in families], Path(folder))
        for name, file in NETWORKS.items():
            if not name.startswith(only):
                found |= {row: counts for row, counts in kept.items() if row.split(";")[0] == name}
                continue
            graph = read(MODELS / f"{file}.tflite")
            if "removed" in name:
                graph = remove_constant_channels(graph)
            for prefer in (Prefer.LATENCY, Prefer.SRAM):
                arena_bytes, free_bytes = steps(graph, prefer)
                counted = harness.count(graph, free_bytes=free_bytes).counts
                totals = (sum(ops, ClassCounts()) for ops in counted)
                row = f"{name}; {prefer} plan, arena {arena_bytes:,}"
                found[row] = dict(zip(families, map(dataclasses.asdict, totals), strict=True))
                print(row, {f: int(c["insn"]) for f, c in found[row].items()}, flush=True)
    return found


def steps(graph: Graph, prefer: Prefer) -> tuple[int, list[int]]:
    """Bytes of the arena on the first of ``BOARDS``, and of each op's scratch."""
    ledger = make_ledger(graph, load_board(BOARDS[0]), prefer=prefer)
    return ledger.arena_bytes, [low.scratch_bytes for low in ledger.lowered]


def ours(counts: dict[str, dict[str, float]], board_name: str) -> str:
    """``51 (44-59)``: milliseconds on a board, modelled, with its range."""
    board = load_board(board_name)
    timing = timing_model(board)
    family = next(f for f in counts if accelerators()[f].instructions == timing.accelerator.instructions)
    latency = modelled_latency(timing.cycles(ClassCounts(**counts[family])).value, timing, board)
    assert latency.low_ms is not None
    assert latency.high_ms is not None
    return f"{latency.ms:.3g} ({latency.low_ms:.3g}-{latency.high_ms:.3g})"


def published(task: str, board: str, engine: str) -> str:
    """The fastest published result of an engine on the board, or nothing."""
    part = PUBLISHED_BOARDS.get(board)
    if part is None:
        return ""
    with PUBLISHED.open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["model"].startswith("MLPerfTiny")]
    fitting = [
        float(r["latency_ms"])
        for r in rows
        if r["task"] == task and r["runtime"].startswith(engine) and part in r["board"].upper()
        if not any(form in r["board"] for form in OTHER_FORMS)
    ]
    return f"{min(fitting):.3g}" if fitting else ""


def page(counts: dict[str, dict[str, dict[str, float]]]) -> str:
    """The committed table."""
    lines = [
        "# Latency on five boards",
        "",
        "By `python -m benchmarks.latency.table`. **Ours: modelled**, in milliseconds, with the range of the",
        "core's model ([latency model](../../docs/background/latency_model.md)); nothing of ours was",
        "measured on silicon. **Others: measured** by their submitters (MLPerf Tiny, closed division;",
        "sources in `published_latency.csv`). They published no figure of `sww`, the streaming wake word,",
        "and none on an F446RE. The F746 of theirs is on a Discovery board. Beside our H743 at 480 MHz is",
        "their H7A3",
        "at 280 MHz, another chip. Our boards are at their profiles' clocks and wait states.",
        "Each network has two plans, `--prefer latency` and `--prefer sram`; the steps of the first are",
        "chosen for the L4R5ZI on all boards. Arenas are in bytes. Nothing is removed from a network, except",
        "where its row says so. All code is in flash; [from RAM](ram_code.md), which `--prefer latency` uses",
        "where it pays, the L4R5ZI takes 41.2 ms for kws, 127 for vww and 75.6 without constant channels.",
        "",
    ]
    for board_name in BOARDS:
        board = load_board(board_name)
        wait_states, mhz = board.region("flash").wait_states, board.clock.hz / 1e6
        lines += [
            f"## {board.title}, {board.core.value}, {mhz:g} MHz, {wait_states} wait states",
            "",
            f"| network | ours, modelled | {' | '.join(f'{e}, measured' for e in ENGINES)} |",
            "|" + "---|" * (2 + len(ENGINES)),
        ]
        for name, families in counts.items():
            theirs = [published(re.split("[,;]", name)[0], board_name, engine) for engine in ENGINES.values()]
            lines.append(f"| {name} | {ours(families, board_name)} | {' | '.join(theirs)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Count, or read what was counted, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--counted", action="store_true", help="keep counts.json as it is")
    parser.add_argument("--network", default="", help="count only networks whose name begins so")
    arguments = parser.parse_args()
    counts = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.is_file() else {}
    if not arguments.counted:
        counts = count(counts, arguments.network)
        COUNTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    TABLE.write_text(page(counts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
