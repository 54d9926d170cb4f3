"""TFLite's integer requantization arithmetic, in NumPy: the single source of every multiplier, shift and
clamp.

An int8 kernel turns a 32-bit accumulator into an 8-bit output by a multiplication with a real number
m = input_scale * weight_scale / output_scale. TFLite writes m as ``multiplier * 2**(shift - 31)`` with
``multiplier`` an int32 in [2**30, 2**31) and multiplies in two roundings: the high 32 bits of twice the
64-bit product (halves rounded up), then a rounding division by ``2**-shift`` (halves rounded away from
zero). Interpreter, lowering and C kernels use the functions here, so that all agree in every bit.

Sources: TFLite's ``quantization_util.cc`` (parameters) and gemmlowp's ``fixedpoint.h`` (arithmetic).
Products of scales are computed in float32 or float64 exactly as in TFLite, because the last bit of
``multiplier`` depends on it.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.graph import Quant
from micronas.model.op_attributes import Activation

IntArray = npt.NDArray[np.int64]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
INT8_MIN, INT8_MAX = -128, 127


def round_half_away(value: float) -> int:
    """C's ``round``: halves are rounded away from zero (in Python, to even)."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


@functools.lru_cache(maxsize=4096)
def quantize_multiplier(real: float) -> tuple[int, int]:
    """``real`` as (multiplier: int32, shift); shift > 0 shifts left.

    Raises ``ModelError`` for a factor of 2**31 or more, which 32-bit arithmetic cannot apply.

    >>> quantize_multiplier(0.75)
    (1610612736, 0)
    >>> quantize_multiplier(3.0)
    (1610612736, 2)
    """
    if not abs(real) < 2.0**31:
        raise ModelError(f"rescaling by {real:g} does not fit 32 bits: a scale is implausible")
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2.0**31)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift < -31:  # every bit would be shifted out; TFLite gives zero
        return 0, 0
    return multiplier, shift


def saturating_rounding_doubling_high_mul(a: npt.ArrayLike, b: npt.ArrayLike) -> IntArray:
    """High 32 bits of 2*a*b, halves rounded up; int32 values in int64 arrays, broadcasting.

    gemmlowp adds a nudge of 2**30, or 1 - 2**30 to a negative product, and divides with truncation:
    the same as adding 2**30 and shifting, which floors.
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << 30)) >> 31, INT32_MAX)  # only INT32_MIN squared exceeds it


def rounding_divide_by_pot(x: npt.ArrayLike, exponent: npt.ArrayLike) -> IntArray:
    """x / 2**exponent, rounded half away from zero; exponent in 0..31, broadcasting."""
    value, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (value < 0)
    rounded: IntArray = (value >> exponent) + ((value & mask) > threshold)
    return rounded


def wrap_int32(x: npt.ArrayLike) -> IntArray:
    """Values modulo 2**32 in the int32 range, as in C's two's complement arithmetic."""
    return np.asarray(x, np.int64).astype(np.int32).astype(np.int64)


def multiply_by_quantized_multiplier(
    acc: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> IntArray:
    """acc * multiplier * 2**(shift - 31) in TFLite's double rounding; int32 values, broadcasting.

    A left shift wraps at 32 bits, as the reference does on every two's complement machine.
    """
    shift = np.asarray(shift, np.int64)
    shifted = wrap_int32(np.asarray(acc, np.int64) << np.maximum(shift, 0))
    return rounding_divide_by_pot(
        saturating_rounding_doubling_high_mul(shifted, multiplier), np.maximum(-shift, 0)
    )


def conv_multipliers(source: Quant, weights: Quant, output: Quant) -> tuple[IntArray, IntArray]:
    """Multipliers and shifts of a convolution, one per scale of ``weights`` (products in float64)."""
    pairs = [quantize_multiplier(source.scale[0] * scale / output.scale[0]) for scale in weights.scale]
    return np.array([m for m, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64)


def fully_connected_multipliers(source: Quant, weights: Quant, output: Quant) -> tuple[IntArray, IntArray]:
    """As ``conv_multipliers``; for one weight scale, TFLite rounds the product of scales to float32."""
    if weights.per_channel:
        return conv_multipliers(source, weights, output)
    product = float(np.float32(source.scale[0]) * np.float32(weights.scale[0]))
    multiplier, shift = quantize_multiplier(product / output.scale[0])
    return np.array([multiplier], np.int64), np.array([shift], np.int64)


def activation_range(activation: Activation, output: Quant) -> tuple[int, int]:
    """The int8 clamp (low, high) of a fused activation on ``output``."""
    return _activation_range(activation, output.scale[0], output.zero_point[0])


@functools.lru_cache(maxsize=1024)
def _activation_range(activation: Activation, scale: float, zero_point: int) -> tuple[int, int]:
    """Kept: the ops of a search have few scales before training."""

    def quantized(real: float) -> int:
        return zero_point + round_half_away(float(np.float32(real) / np.float32(scale)))

    low, high = INT8_MIN, INT8_MAX
    if activation in (Activation.RELU, Activation.RELU6):
        low = max(low, quantized(0.0))
    if activation is Activation.RELU6:
        high = min(high, quantized(6.0))
    if activation is Activation.RELU_N1_TO_1:
        low, high = max(low, quantized(-1.0)), min(high, quantized(1.0))
    return low, high
