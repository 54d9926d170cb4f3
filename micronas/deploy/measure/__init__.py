"""A network's figures from a device: latency with its source, parity with the reference, counts per op."""

from __future__ import annotations

from micronas.deploy.measure.measurement import (
    BOARD_RUNS,
    TIMED_RUNS,
    WARM_UP_RUNS,
    Measurement,
    OpCount,
    check_identity,
    emulated_latency,
    measure,
)
from micronas.deploy.measure.parity import (
    Array,
    Difference,
    Parity,
    compare_outputs,
    first_wrong_op,
    load_sample,
)
from micronas.deploy.measure.run_statistics import RunStatistics

__all__ = [
    "BOARD_RUNS",
    "TIMED_RUNS",
    "WARM_UP_RUNS",
    "Array",
    "Difference",
    "Measurement",
    "OpCount",
    "Parity",
    "RunStatistics",
    "check_identity",
    "compare_outputs",
    "emulated_latency",
    "first_wrong_op",
    "load_sample",
    "measure",
]
