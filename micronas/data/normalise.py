"""Each channel of a stream by the mean and spread of the training samples, so that one int8 scale suits all.

An accelerometer in g and a gyroscope in degrees per second share the scale of an int8 input: without this,
the smaller signal has a few steps only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import FrontEnd, Labels
from micronas.data.samples import Samples
from micronas.data.split import TRAIN

SPREADS = 4.0
"""Standard deviations that become the value 1."""


def normalised(samples: Samples, part: Labels) -> Samples:
    """``samples`` with (x - mean) / (4 standard deviations) per channel, by the training part alone.

    The front end records both, in the units of the source. A channel that never changes keeps its spread of
    1, so it becomes zero.
    """
    train = samples.x[part == TRAIN].reshape(-1, samples.x.shape[-1]).astype(np.float64)
    mean, spread = train.mean(axis=0), SPREADS * train.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, 1.0)
    x = ((samples.x - mean.astype(np.float32)) / spread.astype(np.float32)).astype(np.float32)
    return replace(samples, x=x, input_range=None, front_end=_recorded(samples.front_end, mean, spread))


def _recorded(front: FrontEnd, mean: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]) -> FrontEnd:
    parameters = {
        "mean": [float(np.float32(v)) for v in mean],
        "spread": [float(np.float32(v)) for v in spread],
    }
    return replace(front, parameters={**front.parameters, **parameters})
