"""Augmentation as TensorFlow graph functions, chosen by the kind of data.

Every function is stateless: equal seeds give equal batches. ``strength`` 0.5 suits a training of seconds, 1 a
final fit. Values never leave the range of their input.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import pi
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.data import DataKind, Dataset, Task
from micronas.data.dataset import Triad

Tensor: TypeAlias = Any
Augment: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(batch (B, H, W, C), seed int32 (2,)) -> batch of the same shape."""

DEGREES, ZOOM, SHEAR, SHIFT, ELASTIC = 7.5, 0.075, 0.1, 0.07, 0.02
"""Image distortions at strength 1; zoom and shear relative, shift and elastic as shares of the side."""

ELASTIC_GRID = 5
"""Control points per side of the elastic field: about the stroke distance of a digit, interpolated smoothly.
"""

COLOURS = 3
"""Channels of a picture that make it a photograph."""

SHARED = 4
"""Samples of a batch that share an image distortion."""

MASKED_TIME, MASKED_BANDS, TIME_SHIFT = 0.08, 0.08, 0.06
"""Spectrogram masks and shift at strength 1, as shares of the axis."""

TURNED = 0.5
"""Share of the samples in which a sensor of three axes is turned."""

JITTER, GAIN, SPEED = 0.1, 0.1, 0.1
"""Sensor noise in standard deviations of its channel, relative gain and relative speed, at strength 1."""

CROP, BRIGHTNESS, CONTRAST, CUTOUT = 0.125, 0.1, 0.15, 0.25
"""Photographs at strength 1: largest shift as a share of the side, brightness as a share of the range,
relative contrast, and the side of the hidden square as a share of the side.
"""


@cache
def augmentation(
    kind: DataKind,
    strength: float,
    photograph: bool = False,
    mirror: bool = False,
    triads: tuple[Triad, ...] = (),
) -> Augment | None:
    """The augmentation for a kind of data; None at strength 0.

    ``photograph`` selects that of photographs for images, and ``mirror`` lets it mirror them. ``triads`` of
    streams are rotated.
    It is traced once per process and batch shape, and called from the graphs of all networks. Inlined, it
    would be the larger part of a small network's graph.
    """
    if strength <= 0:
        return None
    chosen = {DataKind.IMAGE: distort, DataKind.SPECTROGRAM: mask_and_shift, DataKind.STREAM: vary_stream}[
        kind
    ]
    if kind is DataKind.IMAGE and photograph:
        chosen = partial(vary_photograph, mirror=mirror)
    if kind is DataKind.STREAM and triads:
        chosen = partial(vary_stream, triads=triads)
    traced: Augment = tf.function(lambda x, seed: chosen(x, seed, strength), autograph=False)
    return traced


def augmentation_of(dataset: Dataset, strength: float) -> Augment | None:
    """The augmentation of a training; none for anomaly detection, because distorted inputs can look like
    anomalies, and none for a regression, because the number to predict would change with the input.

    Colour pictures count as photographs, and so do all pictures that may be mirrored.
    """
    if dataset.task is not Task.CLASSIFY:
        return None
    photograph = dataset.mirror or dataset.input_shape[2] >= COLOURS
    return augmentation(dataset.kind, strength, photograph, dataset.mirror, dataset.triads)


def vary_photograph(x: Tensor, seed: Tensor, strength: float, *, mirror: bool) -> Tensor:
    """Shift, mirror image of every other sample, contrast, brightness, and a hidden square in every fourth.

    Every sample is varied separately; what a shift uncovers repeats the edge.
    """
    height, width = int(x.shape[1]), int(x.shape[2])
    low, high = tf.reduce_min(x), tf.reduce_max(x)
    batch = tf.shape(x)[0]
    if mirror:
        turned = tf.random.stateless_uniform((batch, 1, 1, 1), seed) < 0.5
        x = tf.where(turned, tf.reverse(x, (2,)), x)
    x = _shifted(x, seed + 1, 1, round(CROP * strength * height))
    x = _shifted(x, seed + 2, 2, round(CROP * strength * width))
    mean = tf.reduce_mean(x, (1, 2, 3), keepdims=True)
    draw = tf.random.stateless_uniform((2, batch, 1, 1, 1), seed + 3, -1.0, 1.0) * strength
    x = mean + (x - mean) * (1 + CONTRAST * draw[0]) + BRIGHTNESS * draw[1] * (high - low)
    rows = _square(batch, seed + 4, height, CUTOUT * strength)[:, :, tf.newaxis, tf.newaxis]
    columns = _square(batch, seed + 5, width, CUTOUT * strength)[:, tf.newaxis, :, tf.newaxis]
    hides = tf.random.stateless_uniform((batch, 1, 1, 1), seed + 6) < 0.25
    return tf.clip_by_value(tf.where(rows & columns & hides, mean, x), low, high)


def _square(batch: Tensor, seed: Tensor, length: int, share: float) -> Tensor:
    """bool (B, length): a stretch of ``share`` of the axis about a random centre."""
    centre = tf.random.stateless_uniform((batch, 1), seed, 0.0, float(length))
    return tf.abs(tf.range(length, dtype=tf.float32)[tf.newaxis] + 0.5 - centre) < share * length / 2


def vary_stream(x: Tensor, seed: Tensor, strength: float, *, triads: tuple[Triad, ...] = ()) -> Tensor:
    """Sensors turned, another speed, then ``jitter``."""
    for number, triad in enumerate(triads):
        x = turned(x, seed + tf.constant([1 + number, 8]), triad)  # apart from the seeds of what follows
    return jitter(_at_speed(x, seed + 3, SPEED * strength), seed, strength)


def turned(x: Tensor, seed: Tensor, triad: Triad) -> Tensor:
    """Every other sample with the axes of a sensor turned by a random rotation, evenly drawn, in raw units.

    What leaves the range of the batch is clipped: int8 inputs have that range.
    """
    channels = list(triad.channels)
    mean, spread = tf.constant(triad.mean, x.dtype), tf.constant(triad.spread, x.dtype)
    before = tf.gather(x, channels, axis=3)
    raw = before * spread + mean
    after = tf.linalg.matvec(_rotations(tf.shape(x)[0], seed)[:, tf.newaxis, tf.newaxis], raw)
    after = tf.clip_by_value((after - mean) / spread, tf.reduce_min(before), tf.reduce_max(before))
    turns = tf.random.stateless_uniform((tf.shape(x)[0], 1, 1, 1), seed + 1) < TURNED
    chosen = tf.where(turns, after, before)
    columns = [chosen[..., channels.index(c)] if c in channels else x[..., c] for c in range(int(x.shape[3]))]
    return tf.stack(columns, axis=-1)


def _rotations(count: Tensor, seed: Tensor) -> Tensor:
    """Rotation matrices (count, 3, 3) of random unit quaternions, which are evenly distributed."""
    drawn = tf.random.stateless_normal((count, 4), seed)
    w, i, j, k = tf.unstack(drawn / tf.norm(drawn, axis=1, keepdims=True), axis=1)
    rows = [
        [1 - 2 * (j * j + k * k), 2 * (i * j - k * w), 2 * (i * k + j * w)],
        [2 * (i * j + k * w), 1 - 2 * (i * i + k * k), 2 * (j * k - i * w)],
        [2 * (i * k - j * w), 2 * (j * k + i * w), 1 - 2 * (i * i + j * j)],
    ]
    return tf.stack([tf.stack(row, axis=-1) for row in rows], axis=-2)


def _at_speed(x: Tensor, seed: Tensor, most: float) -> Tensor:
    """Time stretched about the middle of the window by up to ``most``, interpolated linearly."""
    length, width = int(x.shape[1]), int(x.shape[2])
    factor = 1 + tf.random.stateless_uniform((tf.shape(x)[0], 1, 1), seed, -most, most)
    middle = (length - 1) / 2
    rows = middle + (tf.range(length, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] - middle) * factor
    rows = tf.broadcast_to(rows, (tf.shape(x)[0], length, width))
    columns = tf.broadcast_to(tf.range(width, dtype=tf.float32), tf.shape(rows))
    return bilinear(x, rows, columns)


def distort(x: Tensor, seed: Tensor, strength: float) -> Tensor:
    """Random affine map and elastic deformation (Simard et al. 2003), sampled once, bilinearly.

    ``SHARED`` samples of a batch share a distortion (where that divides the batch): every sample still gets a
    different one in every epoch, at a quarter of the sampling cost.
    """
    batch, height, width, channels = x.shape
    share = SHARED if batch is not None and batch % SHARED == 0 else 1
    groups = tf.shape(x)[0] // share
    rows, columns = _positions(groups, height, width, seed, strength)
    grouped = tf.reshape(x, (-1, share, height, width, channels))
    grouped = tf.reshape(tf.transpose(grouped, (0, 2, 3, 1, 4)), (-1, height, width, share * channels))
    moved = tf.reshape(bilinear(grouped, rows, columns), (-1, height, width, share, channels))
    return tf.reshape(tf.transpose(moved, (0, 3, 1, 2, 4)), (-1, height, width, channels))


def _positions(
    count: Tensor, height: int, width: int, seed: Tensor, strength: float
) -> tuple[Tensor, Tensor]:
    """Where ``count`` distortions read: rows and columns in pixels, each (count, height, width)."""
    rows, columns = tf.meshgrid(tf.linspace(-0.5, 0.5, height), tf.linspace(-0.5, 0.5, width), indexing="ij")
    draw = tf.random.stateless_uniform((6, count, 1, 1), seed, -1.0, 1.0) * strength
    turn, zoom_r, zoom_c, shear, down, right = tf.unstack(draw)
    cos, sin = tf.cos(turn * (DEGREES * pi / 180)), tf.sin(turn * (DEGREES * pi / 180))
    zoom_r, zoom_c = 1 + zoom_r * ZOOM, 1 + zoom_c * ZOOM
    r = zoom_r * (cos * rows - sin * columns) + down * SHIFT
    c = zoom_c * ((sin + shear * SHEAR) * rows + cos * columns) + right * SHIFT
    field = tf.random.stateless_normal((count, ELASTIC_GRID, ELASTIC_GRID, 2), seed + 1)
    field = tf.image.resize(field, (height, width), "bicubic") * (ELASTIC * strength)
    return (r + field[..., 0] + 0.5) * (height - 1), (c + field[..., 1] + 0.5) * (width - 1)


def bilinear(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """``x`` (B, H, W, C) read at fractional (B, H, W) positions; outside, the nearest edge pixel."""
    height, width, channels = (int(n) for n in x.shape[1:])
    rows = tf.clip_by_value(rows, 0.0, height - 1.0)
    columns = tf.clip_by_value(columns, 0.0, width - 1.0)
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - top)[..., tf.newaxis], (columns - left)[..., tf.newaxis]
    top, left = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    bottom, next_left = tf.minimum(top + 1, height - 1), tf.minimum(left + 1, width - 1)
    flat = tf.reshape(x, (-1, channels))
    start = (tf.range(tf.shape(x)[0]) * (height * width))[:, tf.newaxis, tf.newaxis]

    def at(r: Tensor, c: Tensor) -> Tensor:
        return tf.gather(flat, start + r * width + c)

    upper = at(top, left) * (1 - right) + at(top, next_left) * right
    lower = at(bottom, left) * (1 - right) + at(bottom, next_left) * right
    return upper * (1 - down) + lower * down


def mask_and_shift(x: Tensor, seed: Tensor, strength: float) -> Tensor:
    """Time shift, then one masked stretch of time and one of bands (SpecAugment, Park et al. 2019).

    Masked cells get the sample's mean.
    """
    frames, bands = int(x.shape[1]), int(x.shape[2])
    shift = round(TIME_SHIFT * strength * frames)
    x = _shift_time(x, seed, shift)
    mean = tf.reduce_mean(x, (1, 2), keepdims=True)
    hidden = _stretch(x, seed + 1, frames, MASKED_TIME * strength)[:, :, tf.newaxis, tf.newaxis]
    hidden |= _stretch(x, seed + 2, bands, MASKED_BANDS * strength)[:, tf.newaxis, :, tf.newaxis]
    return tf.where(hidden, mean, x)


def jitter(x: Tensor, seed: Tensor, strength: float) -> Tensor:
    """A gain per channel about its mean over time, white noise, and a small shift in time.

    Noise is in units of each channel's own spread in the batch, and so is its range: a channel of small
    values is not drowned by the noise of a large one, and an offset is not scaled.
    """
    low, high = tf.reduce_min(x, (0, 1, 2), keepdims=True), tf.reduce_max(x, (0, 1, 2), keepdims=True)
    spread = tf.math.reduce_std(x, (0, 1, 2), keepdims=True)
    batch, channels = tf.shape(x)[0], int(x.shape[3])
    x = _shift_time(x, seed, round(TIME_SHIFT * strength * int(x.shape[1])))
    gain = 1 + tf.random.stateless_uniform((batch, 1, 1, channels), seed + 1, -1.0, 1.0) * (GAIN * strength)
    noise = tf.random.stateless_normal(tf.shape(x), seed + 2) * (JITTER * strength) * spread
    mean = tf.reduce_mean(x, (1, 2), keepdims=True)
    return tf.clip_by_value(mean + (x - mean) * gain + noise, low, high)


def _shift_time(x: Tensor, seed: Tensor, most: int) -> Tensor:
    """Every sample moved by up to ``most`` steps; the edge repeats."""
    return _shifted(x, seed, 1, most)


def _shifted(x: Tensor, seed: Tensor, axis: int, most: int) -> Tensor:
    """Every sample moved along ``axis`` by up to ``most`` positions; the edge repeats."""
    length = int(x.shape[axis])
    by = tf.random.stateless_uniform((tf.shape(x)[0], 1), seed, -most, most + 1, tf.int32)
    places = tf.clip_by_value(tf.range(length)[tf.newaxis] + by, 0, length - 1)
    if axis == 1:
        return tf.gather(x, places, batch_dims=1)
    swapped = tf.gather(tf.transpose(x, (0, 2, 1, 3)), places, batch_dims=1)
    return tf.transpose(swapped, (0, 2, 1, 3))


def _stretch(x: Tensor, seed: Tensor, length: int, share: float) -> Tensor:
    """bool (B, length): one random stretch of up to ``share`` of the axis."""
    batch = tf.shape(x)[0]
    most = max(1, round(share * length))
    width = tf.random.stateless_uniform((batch, 1), seed, 0, most + 1, tf.int32)
    start = tf.random.stateless_uniform((batch, 1), seed + 7, 0, length, tf.int32)
    position = tf.range(length)[tf.newaxis]
    return (position >= start) & (position < start + width)
