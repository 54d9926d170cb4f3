"""How fast this machine trains, by the trials so far: later trials get the epochs that fit.

The CPU time of an epoch is predicted from the shapes of a network (``train.cost``), with constants from one
machine. Another one may be three times as fast, or as slow. In a budget in time, the median ratio of measured
to predicted time corrects the prediction. It follows from the reported trials alone and is stored with the
trial that was planned by it, so a resumed run and a rebuilt trial have the same number of epochs.
"""

from __future__ import annotations

import statistics
from collections import deque

from micronas.search.final.cost import EPOCH_CPU_S
from micronas.space import Space
from micronas.store import Record
from micronas.train.cost import epoch_cpu_s
from micronas.trial import number_of

EPOCH_FACTOR = "epoch_factor"
"""In the details of a trial: by which its predicted epoch was multiplied; absent for 1."""

LATEST = 9
"""The trials that count: the load of a machine changes."""


class MachineSpeed:
    """Add every reported trial, in number order; ``samples`` are those of the training split."""

    def __init__(self, space: Space, samples: int) -> None:
        self._space, self._samples = space, samples
        self._factors: deque[float] = deque(maxlen=LATEST)

    def add(self, record: Record) -> None:
        """A trial; without a measured epoch, it says nothing."""
        measured_s = number_of(record.details.get(EPOCH_CPU_S))
        if measured_s is None or "repeats_trial" in record.details:
            return
        net = self._space.net(self._space.from_json(record.trial.arch))
        self._factors.append(measured_s / epoch_cpu_s(net, self._samples))

    @property
    def epoch_factor(self) -> float:
        """Measured by predicted time of an epoch; 1 if no trial was measured."""
        return round(statistics.median(self._factors), 3) if self._factors else 1.0


def planned_factor(record: Record) -> float:
    """The factor by which the epochs of a trial were planned."""
    factor = number_of(record.details.get(EPOCH_FACTOR))
    return 1.0 if factor is None else factor
