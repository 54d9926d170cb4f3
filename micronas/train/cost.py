"""What a training will cost, predicted from the shapes of the network alone, before it begins.

The prediction is the same on every machine; in a budget in time, ``search.machine_speed`` corrects it by the
trials so far. The constants were fitted to 50 training steps of eight baseline networks (0.01 to 3 million
MACs on photographs, spectrograms, digits and accelerometer windows) on one core of a busy x86-64 server:
within 17 % of each. They were then scaled by 0.87, so that an epoch of the digits is as long as in a whole
training, except that of a multiply-accumulate, which was 1.2e-10 s for a network of 11 million. A deadline
remains as a safety net where they are wrong.
"""

from __future__ import annotations

import math

from micronas.model.net import Net

S_PER_MAC, S_PER_VALUE, S_PER_INPUT, S_PER_SAMPLE = 1.1e-10, 7.1e-9, 9.0e-8, 7.0e-5
"""CPU seconds per training sample: of a multiply-accumulate, of a value that a layer writes, of an input
value, which is augmented, and of the rest.
"""
START_S = 1.0
"""Tracing and the first call."""
MARGIN = 0.7
"""Share of a limit that a training is planned to take."""


def epoch_cpu_s(net: Net, samples: int) -> float:
    """Predicted CPU seconds of one epoch over ``samples`` training samples."""
    values = sum(math.prod(shape) for shape in net.shapes)
    inputs = math.prod(net.shapes[0])
    return samples * (S_PER_MAC * net.macs + S_PER_VALUE * values + S_PER_INPUT * inputs + S_PER_SAMPLE)


def training_cpu_s(net: Net, samples: int, epochs: int) -> float:
    """Predicted CPU seconds of a whole training."""
    return START_S + epochs * epoch_cpu_s(net, samples)


def epochs_within(epoch_s: float, epochs: int, limit_s: float) -> int:
    """``epochs`` of ``epoch_s`` CPU seconds, or as many as fit well into ``limit_s``; at least one."""
    affordable = (MARGIN * limit_s - START_S) / epoch_s
    return epochs if affordable >= epochs else max(1, math.floor(affordable))
