"""Sigmoid and tanh of int16 values, as TFLite's kernels take them from one table.

``SIGMOID_TABLE[i]`` is sigmoid(i / 24) in 0.16; some of TFLite's entries are one higher than rounding gives,
which makes up for the interpolation between them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from micronas.model.fixed_point.multiplier import IntArray

# fmt: off
_ONE_HIGHER = frozenset((
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33,
    34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82,
    86, 93, 100, 103, 112, 116, 135, 255,
))
# fmt: on

SIGMOID_TABLE: npt.NDArray[np.int64] = np.array(
    [min(65535, math.floor(65536 / (1 + math.exp(-i / 24)) + 0.5) + (i in _ONE_HIGHER)) for i in range(256)]
)


def sigmoid_int16(x: IntArray) -> IntArray:
    """Sigmoid of Q3.12 values, in Q0.15."""
    scaled = 3 * x
    result = _interpolated(np.abs(scaled), 9, 0x7FFF << 10)
    return np.where(scaled >= 0, result + (1 << 9), (1 << 25) - result + (1 << 9) - 1) >> 10


def tanh_int16(x: IntArray, integer_bits_power: int) -> IntArray:
    """Tanh of values in units of 2**integer_bits_power, in Q0.15; -12 is Q3.12."""
    shift = 12 + integer_bits_power
    scaled = x * (3 << shift) if shift >= 0 else (x * 3 + (1 << (-shift - 1))) >> -shift
    result = _interpolated(np.abs(scaled), 8, 0xFFFF << 8)
    half = 1 << 23
    return np.where(scaled >= 0, result - half + (1 << 7), half - result + (1 << 7) - 1) >> 8


def _interpolated(magnitude: IntArray, bits: int, largest: int) -> IntArray:
    index = magnitude >> bits
    low = np.minimum(index, 254)
    first, second = SIGMOID_TABLE[low], SIGMOID_TABLE[low + 1]
    between = (first << bits) + (magnitude & ((1 << bits) - 1)) * (second - first)
    return np.where(index >= 255, largest, between)
