"""No search: all CPU time for the final training of one network designed by hand, by the same recipe."""

from __future__ import annotations

import time

from benchmarks.search.cells import BY_HAND, Cell
from benchmarks.search.figures import Figures
from micronas.search.setup import Setup, prepare

ENDLESS = 100_000
"""Epochs: the CPU time ends the training."""

TESTING_S = 1.0
"""CPU seconds kept for the figure on test data."""


def prepared(cell: Cell) -> Setup:
    """The task, with this process ready to train."""
    from micronas.train.process import prepare_process

    prepare_process()
    return prepare(cell.config)


def left_s(cell: Cell) -> float:
    """CPU seconds of the cell that are left; those for loading TensorFlow and the data count."""
    return 60 * cell.cpu_minutes - time.process_time()


def by_hand(cell: Cell) -> Figures:
    """The number of epochs follows the CPU clock.

    The process trains as a worker of a search does, and weights, order and augmentation have the seed of the
    first trial of a search with the seed of the cell. A search that trains only one network then differs in
    the number of its epochs at most.
    """
    from micronas.estimate.accuracy import int8_figure
    from micronas.estimate.final_fit import FinalSettings, final_fit
    from micronas.search.evaluation.training import trial_seed
    from micronas.train.process import leave_graphs_unfused
    from micronas.train.time_limit import TimeLimit

    setup = prepared(cell)
    leave_graphs_unfused()
    first = setup.first[min(BY_HAND[cell.entry], len(setup.first) - 1)]
    found = final_fit(
        setup.space.net(first),
        setup.config.data,
        FinalSettings(epochs=ENDLESS),
        trial_seed(cell.seed, 0),
        TimeLimit(cpu_s=left_s(cell) - TESTING_S),
        calibration_samples=setup.config.estimator.calibration_samples,
    )
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
