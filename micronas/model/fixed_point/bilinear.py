"""Positions of RESIZE_BILINEAR along one axis, as TFLite's integer kernel computes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.errors import ModelError
from micronas.model.fixed_point.multiplier import IntArray
from micronas.model.op_attributes import ResizeBilinear

ONE = 1 << 10
"""A pixel's distance in the kernel's fixed point."""


@dataclass(frozen=True, eq=False)
class AxisWeights:
    """For each output position the input positions ``low`` and ``high``, and the share of ``high`` in 1/1024.

    Left of the first pixel the share is negative; both positions are then the same one.
    """

    low: IntArray
    high: IntArray
    fraction: IntArray


def axis_weights(size: int, outputs: int, attrs: ResizeBilinear) -> AxisWeights:
    """``outputs`` positions on ``size`` inputs; refused where TFLite's kernel reads past the end."""
    step = _step(size, outputs, attrs.align_corners)
    position = np.arange(outputs, dtype=np.int64) * step
    if attrs.half_pixel_centers:
        position += step // 2 - ONE // 2
    low = np.maximum(_towards_zero(position), 0)
    high = np.minimum(_towards_zero(position + ONE - 1), size - 1)
    if low.max() >= size:
        raise ModelError(f"resizing {size} to {outputs} makes TFLite's kernel read past its input")
    return AxisWeights(low, high, position - low * ONE)


def _step(size: int, outputs: int, align_corners: bool) -> int:
    """Distance of two outputs on the input, rounded to 1/1024."""
    if align_corners and outputs > 1:
        size, outputs = size - 1, outputs - 1
    return (ONE * size + outputs // 2) // outputs


def _towards_zero(position: IntArray) -> IntArray:
    whole: IntArray = np.sign(position) * (np.abs(position) // ONE)
    return whole
