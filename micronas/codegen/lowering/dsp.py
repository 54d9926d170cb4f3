"""What the DSP kernels need: weights packed for SMLAD, and whether the short requantization is exact.

firmware/lib/mn_kernels/mn_dsp.h defines the layout and its arithmetic. Sizes depend only on shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from micronas.codegen.lowering import Constant, StructField
from micronas.codegen.lowering.channels import Channels
from micronas.model.fixed_point.multiplier import (
    INT8_MAX,
    INT8_MIN,
    IntArray,
    multiply_by_quantized_multiplier,
)

SEGMENT_TERMS = 512
"""Most terms of a dot product before the packed second channel must be taken out (MN_DSP_SEGMENT)."""

_LARGEST_SUM = 2**30
LARGEST_RIGHT_SHIFT = 22
"""Right shifts of the short requantization; past it, zero point and rounding half do not fit 32 bits."""


@dataclass(frozen=True)
class Segments:
    """A dot product of ``terms`` cut into equal segments of whole groups of four."""

    groups: int
    segments: int

    @property
    def padded_terms(self) -> int:
        """Terms with the zeros that fill the last groups."""
        return 4 * self.groups * self.segments


def segments_for(terms: int) -> Segments:
    """The fewest segments, as short as they can be.

    >>> segments_for(27), segments_for(576)
    (Segments(groups=7, segments=1), Segments(groups=72, segments=2))
    """
    segments = -(-terms // SEGMENT_TERMS)
    return Segments(-(-terms // (4 * segments)), segments)


def packs(channels: Channels) -> bool:
    """Whether the packing holds the weights: it has no room for -128, which TFLite's scheme leaves out."""
    return channels.rows is None or int(channels.rows.min(initial=0)) > INT8_MIN


def packed_weights(channels: Channels, terms: int) -> Constant:
    """Rows of ``terms`` weights as channel pairs of halves 256 * B + A, in the order that SXTB16 leaves."""
    pairs, padded = -(-channels.outputs // 2), segments_for(terms).padded_terms
    count = 2 * pairs * padded
    if channels.rows is None:
        return Constant("weights", "int8_t", count)
    full = np.zeros((2 * pairs, padded), np.int32)
    full[: channels.outputs, :terms] = channels.rows
    halves = (256 * full[1::2] + full[0::2]).reshape(pairs, padded // 4, 4)[:, :, [0, 2, 1, 3]]
    return Constant("weights", "int8_t", count, np.ascontiguousarray(halves, "<i2").view(np.int8).reshape(-1))


def exact_finish(channels: Channels, clamp: tuple[int, int]) -> StructField:
    """The struct member that says whether the general requantization is needed.

    The short one (SMMLAR, shift, SSAT) is exact for right shifts of 1 to 22, sums below 2**30 and a clamp to
    the whole of int8.
    """
    shifts = channels.shifts
    fast = clamp == (INT8_MIN, INT8_MAX)
    fast = fast and bool(((shifts <= -1) & (shifts >= -LARGEST_RIGHT_SHIFT)).all())
    fast = fast and bool((_largest_sums(channels) < _LARGEST_SUM).all())
    return StructField("exact_finish", "int16_t", 0 if fast else 1)


def fast_scales(channels: Channels, zero_point: int, clamp: tuple[int, int]) -> Channels:
    """The same outputs with scales that suit the short requantization where that is possible.

    A channel of zero weights always gives one value; its bias and scale may be any that give it. (Training
    with batch normalisation leaves such channels, with a scale near 0 and a bias near 2**30.) And a channel
    whose scale is too small to move it from the zero point can have multiplier 0.
    """
    if channels.bias is None or channels.rows is None:
        return channels
    multipliers = np.broadcast_to(channels.multipliers, channels.bias.shape)
    shifts = np.broadcast_to(channels.shifts, channels.bias.shape)
    value = multiply_by_quantized_multiplier(channels.bias, multipliers, shifts)
    value = np.clip(value + zero_point, *clamp) - zero_point
    constant = ~channels.rows.any(axis=1)
    vanishing = (shifts < -LARGEST_RIGHT_SHIFT) & (_largest_sums(channels) < 2**LARGEST_RIGHT_SHIFT)
    vanishing |= multipliers == 0
    return replace(
        channels,
        bias=np.where(constant, 4 * value, channels.bias),
        multipliers=np.select([constant, vanishing], [2**30, 0], multipliers),  # 2**30 and -1: a quarter
        shifts=np.where(constant | vanishing, -1, shifts),
    )


def _largest_sums(channels: Channels) -> IntArray:
    """Bound of |bias + x . w| for any int8 x, per channel; 0 without values."""
    if channels.rows is None or channels.bias is None:
        return np.zeros(channels.outputs, np.int64)
    weight_sums = np.abs(channels.rows.astype(np.int64)).sum(axis=1)
    return np.add(np.abs(channels.bias), 128 * weight_sums)
