"""Bands of a spectrogram as channels of a stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.data.dataset import DataKind
from micronas.data.samples import Samples


def bands_to_channels(samples: Samples) -> Samples:
    """(time, bands, 1) becomes a stream (time, 1, bands), so that convolutions run along time only.

    The first layer sees all bands at once, and depthwise kernels are k x 1 (TC-ResNet, Choi et al. 2019). The
    bytes of an input do not change, so this costs the device nothing.
    """
    front = samples.front_end
    return replace(
        samples,
        kind=DataKind.STREAM,
        x=np.ascontiguousarray(np.swapaxes(samples.x, 2, 3)),
        front_end=replace(front, parameters={**front.parameters, "bands_as_channels": 1}),
    )
