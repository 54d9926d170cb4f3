"""What the place of a network's code in flash changes: its modelled cycles with all code moved by some bytes.

    python -m benchmarks.latency.placement 86 165    # networks of the layerwise draw of ranking.py, by number

Shapes determine neither which cache line a loop begins in nor how its lines replace each other, so the per-op
model has the mean over many programs. The range printed here is what it cannot know.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.latency.harness import Harness
from benchmarks.latency.ranking import BOARD, drawn
from micronas.board import load_board
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.op_model import board_latency

LINE_BYTES, STEP_BYTES = 32, 4


def main() -> int:
    """Count each network at every word of a cache line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("number", type=int, nargs="+")
    numbers, board = parser.parse_args().number, load_board(BOARD)
    model, networks = board_latency(board), drawn("layerwise", max(numbers) + 1, board)
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(board.core, [model.timing.accelerator], Path(folder))
        for number in numbers:
            one = networks[number]
            steps, cycles = [low.scratch_bytes for low in one.ledger.lowered], []
            for moved in range(0, LINE_BYTES, STEP_BYTES):
                ops = harness.count(one.graph, free_bytes=steps, moved_bytes=moved).counts[0]
                cycles.append(round(model.timing.cycles(sum(ops, ClassCounts())).value))
            said = model.of(one.shapes, one.ledger.lowered, trained=False).cycles
            spread = max(cycles) / min(cycles) - 1.0
            print(f"network {number}: {cycles}, {spread:.1%} apart; per-op model {said}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
