"""Each channel by the centre and spread of the training samples, so that one int8 scale suits all.

An accelerometer in g and a gyroscope in degrees per second share the scale of an int8 input: without this,
the smaller signal has a few steps only. A signal far from zero (1000 to 1001) has as few.

The device pays nothing: its int8 inputs are round(value / scale) + zero point anyway, and normalisation only
changes scale and zero point, per channel (``input_scaling``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import DataKind, FrontEnd, Labels
from micronas.data.samples import Samples
from micronas.data.split import TRAIN
from micronas.data.value_range import robust_range
from micronas.model.front_end import PICTURES

SPREADS = 4.0
"""Standard deviations that become the value 1."""

UNEVEN = 4.0
"""Inputs other than streams are normalised if the spreads of two channels differ by at least this ratio."""

BULK = (1.0, 99.0)
"""Percentiles that bound the bulk of a channel. They cut more than those of the range, because one glitch per
window may be more than a thousandth of a channel's values.
"""

MEAN, SPREAD = "mean", "spread"
"""Parameters of a front end: input = (value - mean) / spread, one number per channel."""


@dataclass(frozen=True)
class ChannelScaling:
    """``mean`` and ``spread`` (channels,) float64; a channel that never changes has a spread of 1."""

    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]


def normalised(samples: Samples, part: Labels) -> Samples:
    """``samples`` with (x - mean) / (4 standard deviations) per channel, by the training part alone.

    Outliers, by ``robust_range`` about ``BULK``, count as the nearest value that is none. The front end
    records both lists, in the units of the source.
    """
    channels = channels_of(samples.x[part == TRAIN])
    x = (samples.x - channels.mean.astype(np.float32)) / channels.spread.astype(np.float32)
    return replace(
        samples,
        x=np.asarray(x, np.float32),
        input_range=None,
        front_end=_recorded(samples.front_end, channels),
    )


def with_raw(samples: Samples) -> Samples:
    """``samples`` with what a device gets as raw samples, if the source gives none and they are known.

    These are the rows of a stream before normalisation, and the pixels of a picture.
    """
    if samples.raw is not None:
        return samples
    if samples.front_end.name in PICTURES:
        x, divide_by = samples.x, np.float32(str(samples.front_end.parameters.get("divide_by", 255)))
        return replace(samples, raw=lambda number: np.rint(x[number] * divide_by).astype(np.uint8))
    return _with_raw_rows(samples)


def _with_raw_rows(samples: Samples) -> Samples:
    if samples.kind is not DataKind.STREAM or samples.x.shape[2] != 1:
        return samples
    if samples.front_end.name not in ("stream", "scale"):
        return samples
    stored = np.float32(str(samples.front_end.parameters.get("scale", 1.0)))  # of an array of integers
    rows = samples.x[:, :, 0, :]
    return replace(samples, raw=lambda number: rows[number] / stored)


def should_normalise(samples: Samples, part: Labels) -> bool:
    """What the source demands; without a demand, streams, and inputs whose channels differ in spread.

    A source that states the range of its inputs has scaled them already.
    """
    if samples.normalise is not None:
        return samples.normalise
    if samples.input_range is not None or "bands_as_channels" in samples.front_end.parameters:
        return False
    return samples.kind is DataKind.STREAM or _uneven(samples.x[part == TRAIN])


def channels_of(train: npt.NDArray[np.float32]) -> ChannelScaling:
    """Centre and ``SPREADS`` standard deviations of each channel of (samples, height, width, channels)."""
    columns = train.reshape(-1, train.shape[-1]).T.astype(np.float64)
    inliers = [np.clip(values, *robust_range(values, BULK)) for values in columns]
    mean = np.array([values.mean() for values in inliers])
    spread = np.array([SPREADS * values.std() for values in inliers])
    moves = spread > 1e-12 * np.maximum(1.0, np.abs(mean))
    return ChannelScaling(mean, np.where(moves, spread, 1.0))


def input_scaling(
    front_end: FrontEnd, channels: int, scale: float, zero_point: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(gains, offsets) per channel: the int8 input of a source's ``value`` is round(value * gain + offset).

    ``scale`` and ``zero_point`` are those of the network's input. Without normalisation all channels share
    1 / ``scale`` and ``zero_point``.
    """
    mean = np.broadcast_to(np.asarray(front_end.parameters.get(MEAN, 0.0), np.float64), (channels,))
    spread = np.broadcast_to(np.asarray(front_end.parameters.get(SPREAD, 1.0), np.float64), (channels,))
    gains = 1.0 / (spread * scale)
    return tuple(gains.tolist()), tuple((zero_point - mean * gains).tolist())


def _uneven(train: npt.NDArray[np.float32]) -> bool:
    spread = channels_of(train).spread if train.shape[-1] > 1 and len(train) else np.ones(1)
    return bool(spread.max() > UNEVEN * spread.min())


def _recorded(front: FrontEnd, channels: ChannelScaling) -> FrontEnd:
    parameters = {
        MEAN: [float(np.float32(v)) for v in channels.mean],
        SPREAD: [float(np.float32(v)) for v in channels.spread],
    }
    return replace(front, parameters={**front.parameters, **parameters})
