"""What follows the last epoch of a final training, in CPU seconds: measured during the training.

Statistics are recomputed, the network is quantized, and the int8 file is scored on several splits, also by
the process that leads the search. How long that takes depends on the network, on the number of samples and
on the machine. After the first epoch the network is therefore quantized once as it is by then, and scored on
some samples. That changes nothing of the training, and only a training with a limit in CPU seconds does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from micronas.data import Dataset
from micronas.errors import MicronasError
from micronas.estimate.accuracy import int8_outputs
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.quantize.witness import samples_within
from micronas.train.time_limit import Stopwatch, TimeLimit

if TYPE_CHECKING:
    from micronas.train.tf_model import TfModel

CLOSING_S = 4.0
"""Seconds reserved until they are measured, and of wall clock; measured 1.5 to 3 s on one core."""

REHEARSED = 64
"""Samples that are scored to measure the time of one: 0.05 s for photographs of 32 x 32."""

STATISTICS_EPOCHS, FILES_EPOCHS = 0.6, 0.2
"""Epochs that take as long as recomputing the statistics, and as the files of a result, which are written
after the scores. Measured 0.5 and 0.15 on photographs.
"""


@dataclass(frozen=True)
class ClosingCost:
    """CPU seconds of a conversion, and of the int8 score of one sample."""

    conversion_s: float
    sample_s: float

    def seconds(self, samples: int, compiling_s: float, epoch_s: float) -> float:
        """With ``samples`` to score; ``compiling_s`` is what the first epoch took more than the shortest."""
        epochs = (STATISTICS_EPOCHS + FILES_EPOCHS) * epoch_s
        return self.conversion_s + samples * self.sample_s + compiling_s + epochs


def rehearsed(
    model: TfModel,
    net: Net,
    dataset: Dataset,
    calibration_samples: int,
    seed: int,
    clock: Callable[[], float] = time.process_time,
) -> ClosingCost | None:
    """Quantize ``model`` as it is and score some samples; None if it cannot be quantized yet."""
    from micronas.quantize import quantize

    begun_s = clock()
    try:
        calibration = dataset.calibration(calibration_samples, seed)
        graph = read_bytes(quantize(model, net, calibration, input_range=dataset.input_range), "candidate")
    except MicronasError:
        return None
    converted_s = clock()
    some = dataset.validation.x[:REHEARSED]
    int8_outputs(graph, some)
    return ClosingCost(converted_s - begun_s, (clock() - converted_s) / len(some))


def samples_to_score(dataset: Dataset, macs: int, later: int) -> int:
    """By the training itself, with two interpreters on some; ``later`` are those of the leading process."""
    return len(dataset.validation) + 2 * samples_within(macs) + later


class TrainingTime:
    """The time of a final training within ``limit``; a part of it is kept free for what follows."""

    def __init__(self, limit: TimeLimit, watch: Stopwatch) -> None:
        self._limit, self._watch, self._closing_s = limit, watch, CLOSING_S

    def keep(self, closing_s: float) -> None:
        """Keep this many CPU seconds free."""
        self._closing_s = closing_s

    @property
    def limit(self) -> TimeLimit:
        """Without what follows, which has at most half of the time."""
        wall_s, cpu_s = self._limit.wall_s, self._limit.cpu_s
        return TimeLimit(max(wall_s - CLOSING_S, 0.5 * wall_s), max(cpu_s - self._closing_s, 0.5 * cpu_s))

    def used(self) -> float:
        """The share that has passed."""
        return self._watch.share_of(self.limit)


class ClosingPlan:
    """Keeps time free after every epoch, by the measured cost of what follows; see the module."""

    def __init__(
        self, time_left: TrainingTime, measure: Callable[[], ClosingCost | None], samples: int
    ) -> None:
        """``samples`` will be scored."""
        self._time, self._measure, self._samples = time_left, measure, samples
        self._first_s = self._epoch_s = 0.0
        self._cost: ClosingCost | None = None

    def __call__(self, epoch_s: float) -> None:
        """After an epoch, the CPU seconds of which are ``epoch_s``."""
        if not self._first_s:
            self._first_s = self._epoch_s = epoch_s
            self._cost = self._measure()
        self._epoch_s = min(self._epoch_s, epoch_s)
        if self._cost is not None:
            compiling_s = self._first_s - self._epoch_s
            self._time.keep(self._cost.seconds(self._samples, compiling_s, self._epoch_s))
