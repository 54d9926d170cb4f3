"""Features of 16-bit audio as TensorFlow Lite Micro's audio front end computes them, in NumPy, version 1.

Whole numbers throughout: every step rounds as the original does, so that the features are equal in every
bit. The front end has a memory: it estimates the steady noise of each band from all frames so far. A
``MicroStream`` continues it from one call to the next; ``micro_features`` forgets it between clips.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Floats
from micronas.model.front_end.micro import (
    FEATURE_SCALE,
    GAIN_BITS,
    NOISE_BITS,
    RATIO_BITS,
    SHARE_BITS,
    WEIGHT_BITS,
    Micro,
    filters,
    gain_table,
    log_table,
    quarter_wave,
    window_weights,
)

Ints = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Pairs = tuple[Int32s, Int32s]
"""Real and imaginary parts."""

RATIO_OUT_BITS, LOG_E, SCALE_SHIFT = 6, 45426, 6
"""Fraction bits of a compressed ratio; ln(2) x 65536; 64 units per natural logarithm."""


def micro_features(clips: npt.NDArray[np.int16], spec: Micro) -> Floats:
    """``clips`` int16 (N, samples) -> float32 (N, frames, bands, 1), about 0 to 26.

    The noise estimate of every clip begins at zero; with ``settle`` it has heard the clip once.
    """
    count = 1 + (clips.shape[1] - spec.window) // spec.hop
    heard = np.concatenate([clips, clips], axis=1) if spec.settle else clips
    frames = MicroStream(spec, len(clips)).push(heard)[:, -count:]
    return (frames.astype(np.float32) * np.float32(FEATURE_SCALE))[..., np.newaxis]


class MicroStream:
    """The front end of ``streams`` signals at once, each with its own noise estimate."""

    def __init__(self, spec: Micro, streams: int = 1) -> None:
        self._spec = spec
        self._window = window_weights(spec).astype(np.int32)
        self._spectrum = _Spectrum(spec.fft)
        self._filters = filters(spec)
        self._gains = gain_table(spec).astype(np.int64)
        self._bends = log_table().astype(np.int64)
        self._noise = np.zeros((streams, spec.bands), np.int64)
        self._held = np.zeros((streams, 0), np.int16)

    def push(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.uint16]:
        """``samples`` int16 (streams, any number) -> uint16 (streams, frames that they complete, bands)."""
        held, spec = np.concatenate([self._held, samples], axis=1), self._spec
        count = max(0, 1 + (held.shape[1] - spec.window) // spec.hop)
        out = np.empty((len(held), count, spec.bands), np.uint16)
        for frame in range(count):
            out[:, frame] = self._frame(held[:, frame * spec.hop : frame * spec.hop + spec.window])
        self._held = held[:, count * spec.hop :]
        return out

    def _frame(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.uint16]:
        values, shift = _raised((samples.astype(np.int32) * self._window) >> WEIGHT_BITS)
        energies = self._spectrum.energies(values, self._filters.edges[0], self._filters.edges[-1])
        levels = self._reduced(_square_roots(self._bands(energies)) >> shift[:, np.newaxis])
        if self._spec.pcan:
            levels = self._levelled(levels)
        return _logarithms(levels << self._spec.level_bits, self._bends)

    def _bands(self, energies: Ints) -> Ints:
        edges = self._filters.edges[:-1] - self._filters.edges[0]
        falling = _sums(energies * self._filters.falling, edges)
        rising = _sums(energies * self._filters.rising, edges)
        return falling[:, 1:] + rising[:, :-1]

    def _reduced(self, levels: Ints) -> Ints:
        """Updates the noise estimates and subtracts them."""
        even, odd, left = self._spec.shares
        share = np.where(np.arange(self._spec.bands) % 2, odd, even)
        scaled = (levels << NOISE_BITS) & 0xFFFFFFFF
        self._noise = (scaled * share + self._noise * ((1 << SHARE_BITS) - share)) >> SHARE_BITS
        above = (scaled - np.minimum(self._noise, scaled)) >> NOISE_BITS
        return np.maximum(above, levels * left >> SHARE_BITS)

    def _levelled(self, levels: Ints) -> Ints:
        """PCAN: the ratio to the noise, compressed: a parabola up to a ratio of 2, then a line."""
        shift = GAIN_BITS - self._spec.level_bits - RATIO_BITS
        ratio = (levels * _gains(self._noise, self._gains) >> shift) & 0xFFFFFFFF
        low = ((ratio * ratio) & 0xFFFFFFFF) >> (2 + 2 * RATIO_BITS - RATIO_OUT_BITS)
        high = (ratio >> (RATIO_BITS - RATIO_OUT_BITS)) - (1 << RATIO_OUT_BITS)
        return np.where(ratio < 2 << RATIO_BITS, low, high)


def _raised(windowed: Int32s) -> tuple[Int32s, Ints]:
    """Frames shifted up so that their largest value has 15 bits, and by how much, 0 to 15.

    As in the original, -32768 does not count as a value, and it may be shifted out.
    """
    size = np.abs(np.where(windowed == -32768, 0, windowed)).max(axis=1)
    shift = 15 - _bit_length(size.astype(np.int64))
    return (windowed << shift[:, np.newaxis]).astype(np.int16).astype(np.int32), shift


def _bit_length(values: Ints) -> Ints:
    return np.where(values > 0, np.frexp(values.astype(np.float64))[1], 0).astype(np.int64)


def _sums(values: Ints, starts: Ints) -> Ints:
    """Sums (N, pieces) of ``values`` (N, bins) from each start to the next one, and to the end."""
    totals = np.concatenate([np.zeros((len(values), 1), np.int64), np.cumsum(values, axis=1)], axis=1)
    ends = np.append(starts[1:], values.shape[1])
    return np.asarray(totals[:, ends] - totals[:, starts], np.int64)


def _square_roots(values: Ints) -> Ints:
    """To the nearest whole number; of 32-bit values at most 65535."""
    roots = np.sqrt(values.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > values
    roots += (roots + 1) * (roots + 1) <= values
    up = (values - roots * roots > roots) & ~((values < 1 << 32) & (roots == 0xFFFF))
    return np.asarray(roots + up, np.int64)


def _gains(noise: Ints, table: Ints) -> Ints:
    row = np.maximum(_bit_length(noise) - 1, 0)
    at, slope, bend = (table[row, i] for i in range(3))
    shift = 10 - row
    part = np.where(shift > 0, noise << np.maximum(shift, 0), noise >> np.maximum(-shift, 0)) & 0x3FF
    between = ((bend * part >> 5) + (slope << 5)) * part
    curve = at + ((between + (1 << 14)) >> 15)
    return np.where(noise <= 1, table[0, np.minimum(noise, 1)], curve)


def _logarithms(levels: Ints, table: Ints) -> npt.NDArray[np.uint16]:
    """64 ln(level), and 0 for 0 and 1."""
    level = levels & 0xFFFFFFFF
    whole = np.maximum(_bit_length(level) - 1, 0)
    rest = level - (1 << whole)
    part = np.where(whole < 16, rest << np.maximum(16 - whole, 0), rest >> np.maximum(whole - 16, 0))
    segment = part >> 9
    slope = table[segment + 1] - table[segment]
    log2 = (whole << 16) + part + table[segment] + (slope * (part & 0x1FF) >> 16)
    loge = (LOG_E * log2 + 32768) >> 16
    scaled = ((loge << SCALE_SHIFT) + 32768) >> 16
    return np.where(level > 1, np.minimum(scaled, 0xFFFF), 0).astype(np.uint16)


class _Spectrum:
    """A real transform in 16-bit fixed point: radix 4, and radix 2 for what is left; every pass divides.

    Even samples are real and odd ones imaginary parts of half as many complex numbers (decimation in time).
    """

    def __init__(self, points: int) -> None:
        self._count = points // 2
        radices = [4] * ((self._count.bit_length() - 1) // 2) + [2] * ((self._count.bit_length() - 1) % 2)
        self._order = _reordering(self._count, radices)
        lengths = [1, *np.cumprod(radices[::-1])]
        self._passes = [
            (radix, int(length), [_rotations(points, length * radix, length, k) for k in range(1, radix)])
            for radix, length in zip(radices[::-1], lengths, strict=False)
        ]
        cosine, minus_sine = _rotations(points, points, self._count // 2 + 1, 1)
        self._last = minus_sine[1:], -cosine[1:]

    def energies(self, samples: Int32s, first: int, end: int) -> Ints:
        """Of the bins ``first`` to before ``end``, int64 (N, bins), from ``samples`` int32 (N, window)."""
        padded = np.zeros((len(samples), 2 * self._count), np.int32)
        padded[:, : samples.shape[1]] = samples
        re, im = self._bins(self._transform((padded[:, 0::2], padded[:, 1::2])))
        wide = re[:, first:end].astype(np.int64), im[:, first:end].astype(np.int64)
        return np.asarray(wide[0] ** 2 + wide[1] ** 2, np.int64)

    def _transform(self, values: Pairs) -> Pairs:
        re, im = (part[:, self._order] for part in values)
        for radix, length, turns in self._passes:
            shape = (len(re), self._count // (length * radix), radix, length)
            re, im = re.reshape(shape), im.reshape(shape)
            parts = [_divided((re[:, :, k], im[:, :, k]), radix) for k in range(radix)]
            turned = [parts[0], *(_product(p, w) for p, w in zip(parts[1:], turns, strict=True))]
            done = _four(turned) if radix == 4 else [_plus(*turned), _minus(*turned)]
            re, im = (np.stack([d[i] for d in done], axis=2).reshape(shape[0], -1) for i in (0, 1))
        return re, im

    def _bins(self, values: Pairs) -> Pairs:
        """The spectrum of the real samples: bins 1 to points / 2 - 1; the first and the last stay 0."""
        count = self._count
        k = np.arange(1, count // 2 + 1)
        low = _divided((values[0][:, k], values[1][:, k]), 2)
        high = _divided((values[0][:, count - k], -values[1][:, count - k]), 2)
        even, odd = _plus(low, high), _product(_minus(low, high), self._last)
        re, im = (np.zeros((len(values[0]), count + 1), np.int32) for _ in range(2))
        re[:, k], im[:, k] = (even[0] + odd[0]) >> 1, (even[1] + odd[1]) >> 1
        re[:, count - k], im[:, count - k] = (even[0] - odd[0]) >> 1, (odd[1] - even[1]) >> 1
        return re, im


def _reordering(count: int, radices: list[int]) -> Ints:
    """Which number the first pass reads at each place."""
    order, stride = np.zeros(1, np.int64), count
    for radix in reversed(radices):
        stride //= radix
        order = (np.arange(radix)[:, np.newaxis] * stride + order).reshape(-1)
    return order


def _rotations(points: int, turn: int, count: int, times: int) -> Pairs:
    """cos and -sin of 2 pi k times / ``turn``, x 32767, for k below ``count``."""
    index, quarter = np.arange(count) * times * (points // turn), points // 4
    table = quarter_wave(points).astype(np.int32)
    waves = np.concatenate([table, -table[-2::-1], -table[1:], table[-2:0:-1]])
    return waves[index], -waves[(index - quarter) % points]


def _divided(a: Pairs, by: int) -> Pairs:
    factor = 32767 // by
    return (a[0] * factor + 16384) >> 15, (a[1] * factor + 16384) >> 15


def _product(a: Pairs, b: Pairs) -> Pairs:
    return (a[0] * b[0] - a[1] * b[1] + 16384) >> 15, (a[0] * b[1] + a[1] * b[0] + 16384) >> 15


def _plus(a: Pairs, b: Pairs) -> Pairs:
    return a[0] + b[0], a[1] + b[1]


def _minus(a: Pairs, b: Pairs) -> Pairs:
    return a[0] - b[0], a[1] - b[1]


def _four(z: list[Pairs]) -> list[Pairs]:
    """The sums of four numbers with the factors 1, -i, -1 and i."""
    outer, apart = _plus(z[0], z[2]), _minus(z[0], z[2])
    inner, (turn_re, turn_im) = _plus(z[1], z[3]), _minus(z[1], z[3])
    turned = (turn_im, -turn_re)
    return [_plus(outer, inner), _plus(apart, turned), _minus(outer, inner), _minus(apart, turned)]
