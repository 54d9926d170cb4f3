"""Count the networks that fit, op by op and row by row: python -m benchmarks.rows_task.affordable

The first 120 samples of the layer-wise space with seed 5, for pictures of 32 x 32 and 64 x 64, through the
gate of a search. Nothing is trained. Takes about a CPU minute and prints the table of README.md.
"""

from __future__ import annotations

import numpy as np

from micronas.board import load_board
from micronas.config import SpaceConfig
from micronas.memory.ledger import Budget
from micronas.memory.plan.prefer import Prefer
from micronas.search.gate import LedgerGate
from micronas.space import make_space

SIDES, SRAM_KB, SAMPLES, CLASSES, FLASH_KB = (32, 64), (10, 12, 14, 16), 120, 4, 64
SPACE = SpaceConfig(name="layerwise", min_blocks=2, max_blocks=4, max_width=24)


def main() -> None:
    print("| picture | SRAM | fit op by op | fit also row by row | mean M MACs, op by op | row by row |")
    print("| --- | --- | --- | --- | --- | --- |")
    board = load_board("nucleo_f446re")
    for side in SIDES:
        space = make_space(SPACE, (side, side, 1), CLASSES)
        archs = [space.sample(np.random.default_rng([5, i])) for i in range(SAMPLES)]
        for sram_kb in SRAM_KB:
            budget, counts, macs = Budget(FLASH_KB * 1024, sram_kb * 1024), list[str](), list[str]()
            for prefer in (Prefer.LATENCY, Prefer.ROWS):
                gate = LedgerGate(space, board, "micronas", budget, prefer=prefer)
                fitting = [space.net(arch).macs / 1e6 for arch in archs if gate.fits(arch)]
                counts.append(str(len(fitting)))
                macs.append(f"{sum(fitting) / max(1, len(fitting)):.2f}")
            print(f"| {side} x {side} | {sram_kb} KB | {' | '.join([*counts, *macs])} |", flush=True)


if __name__ == "__main__":
    main()
