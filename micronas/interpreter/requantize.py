"""Accumulator -> int8 on large arrays, in few passes.

Equal to ``fixed_point.multiply_by_quantized_multiplier`` in every bit (a test says so), but in place and, for
right shifts, without its detours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.fixed_point.multiplier import IntArray, multiply_by_quantized_multiplier
from micronas.interpreter.kernel import Array

_HALF_OF_Q31 = np.int64(1 << 30)


@dataclass(frozen=True, eq=False)
class OutputStage:
    """Per-channel (last axis) or scalar factors, then zero point and clamp."""

    multiplier: IntArray
    shift: IntArray
    zero_point: int
    low: int
    high: int

    def __call__(self, acc: IntArray) -> Array:
        """int8 of int32 values held in ``acc`` (int64), which is overwritten."""
        if (self.shift > 0).any():
            acc = multiply_by_quantized_multiplier(acc, self.multiplier, self.shift)
        else:
            self._scale_down(acc)
        acc += self.zero_point
        np.clip(acc, self.low, self.high, out=acc)
        return acc.astype(np.int8)

    def _scale_down(self, acc: IntArray) -> None:
        """Both roundings in place: high half of the doubled product, then division by 2**-shift."""
        acc *= self.multiplier
        acc += _HALF_OF_Q31
        acc >>= 31
        if not self.shift.any():
            return
        right = -self.shift
        # (t + half - (t < 0)) >> right rounds halves away from zero; without a shift nothing is added.
        acc += (acc >> 63) & -(right > 0).astype(np.int64)
        acc += (np.int64(1) << right) >> 1
        acc >>= right
