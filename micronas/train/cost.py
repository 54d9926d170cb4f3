"""What a training will cost, predicted from the shapes of the network alone, before it begins.

The prediction is the same on every machine, so the number of epochs that a trial gets does not depend on the
machine's load. The constants were fitted to trainings of three layer-wise networks (0.08, 1.0 and 11 million
MACs on 28 x 28 inputs) on one core of an x86-64 server: within 25 % of each. A deadline remains as a safety
net where they are wrong.
"""

from __future__ import annotations

import math

from micronas.model.net import Net

S_PER_MAC, S_PER_VALUE, S_PER_SAMPLE = 1.2e-10, 1.3e-8, 2.5e-5
"""CPU seconds per training sample: of a multiply-accumulate, of a value that a layer writes, of the rest."""
START_S = 1.0
"""Tracing and the first call."""
MARGIN = 0.7
"""Share of a limit that a training is planned to take."""


def epoch_cpu_s(net: Net, samples: int) -> float:
    """Predicted CPU seconds of one epoch over ``samples`` training samples."""
    values = sum(math.prod(shape) for shape in net.shapes)
    return samples * (S_PER_MAC * net.macs + S_PER_VALUE * values + S_PER_SAMPLE)


def training_cpu_s(net: Net, samples: int, epochs: int) -> float:
    """Predicted CPU seconds of a whole training."""
    return START_S + epochs * epoch_cpu_s(net, samples)


def planned_epochs(net: Net, samples: int, epochs: int, limit_s: float) -> int:
    """``epochs``, or as many as are predicted to fit well into ``limit_s``; at least one."""
    return epochs_within(epoch_cpu_s(net, samples), epochs, limit_s)


def epochs_within(epoch_s: float, epochs: int, limit_s: float) -> int:
    """The same for an epoch that takes ``epoch_s`` CPU seconds."""
    affordable = (MARGIN * limit_s - START_S) / epoch_s
    return epochs if affordable >= epochs else max(1, math.floor(affordable))
