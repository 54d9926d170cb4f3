"""Accumulator -> int8 on large arrays, in few passes.

Equal to ``fixed_point.multiply_by_quantized_multiplier`` in every bit (checked by a test), but in place and,
for right shifts, with fewer steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.model.fixed_point.multiplier import IntArray, multiply_by_quantized_multiplier
from micronas.model.interpreter.kernel import Array

_HALF_OF_Q31 = np.int64(1 << 30)
_WIDE = 256


@dataclass(frozen=True, eq=False)
class OutputStage:
    """Per-channel (last axis) or scalar factors, then zero point and clamp."""

    multiplier: IntArray
    shift: IntArray
    zero_point: int
    low: int
    high: int

    def __call__(self, acc: IntArray) -> Array:
        """int8 of int32 values held in ``acc`` (int64), which may be overwritten."""
        if (self.shift > 0).any():
            acc = multiply_by_quantized_multiplier(acc, self.multiplier, self.shift)
            acc += self.zero_point
            return np.clip(acc, self.low, self.high, out=acc).astype(np.int8)
        return self._scaled_down(acc).astype(np.int8).reshape(acc.shape)

    def _scaled_down(self, acc: IntArray) -> IntArray:
        """Both roundings in place: high half of the doubled product, then division by 2**-shift.

        (t + half - (t < 0)) >> right rounds halves away from zero; without a shift, nothing is added. The
        zero point is added before the shift, as a multiple of the divisor.
        """
        times = _rows_abreast(acc.size // self.shift.size, self.shift.size)
        multiplier, right = np.tile(self.multiplier, times), np.tile(-self.shift, times)
        rows: IntArray = acc.reshape(-1, right.size)
        rows *= multiplier
        rows += _HALF_OF_Q31
        rows >>= 31
        rows += (rows >> 63) & -(right > 0).astype(np.int64)
        rows += ((np.int64(1) << right) >> 1) + (np.int64(self.zero_point) << right)
        rows >>= right
        np.maximum(rows, self.low, out=rows)
        np.minimum(rows, self.high, out=rows)
        return rows


def _rows_abreast(rows: int, channels: int) -> int:
    """How many rows to combine, because NumPy's passes over few channels are slow."""
    times = 1
    while times * channels < _WIDE and rows % (2 * times) == 0:
        times *= 2
    return times
