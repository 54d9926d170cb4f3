"""No search: all CPU time for the final training of one network designed by hand, by the same recipe."""

from __future__ import annotations

import time

from benchmarks.search.cells import BY_HAND, Cell
from benchmarks.search.figures import Figures
from micronas.search.setup import Setup, prepare

ENDLESS = 100_000
"""Epochs: the CPU time ends the training."""


def prepared(cell: Cell) -> Setup:
    """The task, with this process ready to train."""
    from micronas.train.process import prepare_process

    prepare_process()
    return prepare(cell.config)


def by_hand(cell: Cell) -> Figures:
    """The schedule of the training follows the CPU clock."""
    from micronas.estimate.accuracy import int8_figure
    from micronas.estimate.final_fit import FinalSettings, final_fit
    from micronas.train.time_limit import TimeLimit

    setup = prepared(cell)
    start_s = time.process_time()
    first = setup.first[min(BY_HAND[cell.entry], len(setup.first) - 1)]
    settings = FinalSettings(epochs=ENDLESS)
    limit = TimeLimit(cpu_s=60 * cell.cpu_minutes - (time.process_time() - start_s))
    found = final_fit(setup.space.net(first), setup.config.data, settings, cell.seed, limit)
    ledger = setup.gate.ledger(first)
    return Figures(
        test=int8_figure(found.tflite, setup.dataset, setup.dataset.test.unseal(cell.name)),
        validation=found.quality_int8,
        flash_bytes=ledger.flash_bytes,
        sram_bytes=ledger.sram_bytes,
        trained=1,
        epochs=found.epochs,
        chosen="baseline",
    )
