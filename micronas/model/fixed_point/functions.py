"""exp, logistic and tanh in 32-bit fixed point, as gemmlowp computes them (``fixedpoint.h``).

A value in Qn is an int32 with n integer bits: real = raw * 2**(n - 31). Arrays hold int32 values as int64.
The constants and the order of roundings are gemmlowp's; results are therefore equal in every bit.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from micronas.model.fixed_point.multiplier import (
    INT32_MAX,
    INT32_MIN,
    IntArray,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
    wrap_int32,
)

_mul = saturating_rounding_doubling_high_mul
Q0_ONE = INT32_MAX


def _q(real: float, integer_bits: int) -> int:
    """``real`` as a raw Qn value, rounded half away from zero."""
    raw = math.floor(abs(real) * 2.0 ** (31 - integer_bits) + 0.5)
    return raw if real >= 0 else -raw


def _saturating_shift_left(x: IntArray, bits: int | IntArray) -> IntArray:
    return np.clip(x << bits, INT32_MIN, INT32_MAX)


def exp_on_negative_values(x: npt.ArrayLike, integer_bits: int) -> IntArray:
    """exp of x <= 0 given in Q(integer_bits), integer_bits <= 5; the result is in Q0.

    The argument is split into a multiple of 1/4, applied bit by bit as products with exp(-2**k), and a
    remainder in [-1/4, 0) for a Taylor polynomial around -1/8.
    """
    x = np.asarray(x, np.int64)
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (x & (quarter - 1)) - quarter
    result = _exp_between_negative_quarter_and_zero(_saturating_shift_left(rest, integer_bits))
    remainder = rest - x
    for exponent in range(-2, integer_bits):
        bit = 1 << (fraction_bits + exponent)
        result = np.where(remainder & bit, _mul(result, _q(math.exp(-(2.0**exponent)), 0)), result)
    return np.where(x == 0, Q0_ONE, result)


def _exp_between_negative_quarter_and_zero(a: IntArray) -> IntArray:
    x = a + (1 << 28)
    x2 = _mul(x, x)
    x3 = _mul(x2, x)
    x4_over_4 = rounding_divide_by_pot(_mul(x2, x2), 2)
    higher_terms = rounding_divide_by_pot(_mul(x4_over_4 + x3, _q(1.0 / 3.0, 0)) + x2, 1)
    constant = _q(math.exp(-1.0 / 8.0), 0)
    return constant + _mul(constant, x + higher_terms)


def _reciprocal_of_half_denominator(a: IntArray) -> IntArray:
    """2 / (1 + a) in Q2 for a in [0, 1] in Q0, by three Newton-Raphson steps."""
    total = a + Q0_ONE
    half_denominator = (total + np.where(total >= 0, 1, -1)) // 2
    x = _q(48.0 / 17.0, 2) + _mul(half_denominator, _q(-32.0 / 17.0, 2))
    for _ in range(3):
        error = (1 << 29) - _mul(half_denominator, x)
        x = x + _saturating_shift_left(_mul(x, error), 2)
    return x


def one_over_one_plus_x(a: IntArray) -> IntArray:
    """1 / (1 + a) in Q0 for a in [0, 1] in Q0."""
    return _saturating_shift_left(_reciprocal_of_half_denominator(a), 1)


def _one_minus_x_over_one_plus_x(a: IntArray) -> IntArray:
    return _saturating_shift_left(_reciprocal_of_half_denominator(a) - (1 << 29), 2)


def logistic(x: IntArray, integer_bits: int) -> IntArray:
    """1 / (1 + exp(-x)) in Q0 for x in Q(integer_bits)."""
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(x), integer_bits))
    return np.where(x == 0, 1 << 30, np.where(x > 0, positive, Q0_ONE - positive))


def tanh(x: IntArray, integer_bits: int) -> IntArray:
    """Tanh in Q0 for x in Q(integer_bits): (1 - exp(-2|x|)) / (1 + exp(-2|x|)) with the sign of x."""
    # Reading the same bits with one more integer bit doubles the value.
    magnitude = _one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(x), integer_bits + 1))
    return np.where(x == 0, 0, np.where(x < 0, -magnitude, magnitude))


SUM_INTEGER_BITS = 12
"""Integer bits of a sum of exponentials."""


def exp_table(multiplier: int, left_shift: int, diff_min: int) -> IntArray:
    """exp(beta * scale * -d) in Q0 for d = 0..255; 0 where -d < diff_min, which the kernels skip."""
    difference = -np.arange(256, dtype=np.int64)
    counted = difference >= diff_min
    shifted = wrap_int32(np.where(counted, difference, 0) << left_shift)
    scaled = saturating_rounding_doubling_high_mul(shifted, multiplier)
    return np.where(counted, exp_on_negative_values(scaled, 5), 0)


def exp_addends(multiplier: int, left_shift: int, diff_min: int) -> IntArray:
    """The same in Q12, as they are summed."""
    return rounding_divide_by_pot(exp_table(multiplier, left_shift, diff_min), SUM_INTEGER_BITS)


def log_of_sum(x: IntArray) -> IntArray:
    """ln of x >= 1 in Q12, the result in Q5: TFLite's approximation, with its roundings.

    x is scaled to r near 1 by a power of two, once as it is and once times sqrt(1/2); the smaller r counts.
    ln r is a quotient of polynomials around the fourth root of 1/2; the exponent adds multiples of ln 2.
    """
    headroom = _leading_zeros(x)
    half_root = _q(math.sqrt(0.5), 0)
    r_one = _saturating_shift_left(_mul(_saturating_shift_left(x, headroom - 1), half_root), 1)
    exponent_one = np.clip(_saturating_shift_left(12 - headroom, 25) + _QUARTER_Q6, INT32_MIN, INT32_MAX)
    headroom_two = _leading_zeros(_mul(x, half_root)) - 1
    r_two = _saturating_shift_left(x, headroom_two)
    exponent_two = np.clip(_saturating_shift_left(12 - headroom_two, 25) - _QUARTER_Q6, INT32_MIN, INT32_MAX)
    r, exponent = np.minimum(r_one, r_two), np.maximum(exponent_one, exponent_two)
    numerator, denominator = _log_quotient(r)
    scaled = rounding_divide_by_pot(numerator, 6)
    log_q6 = _mul(exponent, _q(math.log(2.0), 0)) + _mul(scaled, one_over_one_plus_x(denominator))
    return _saturating_shift_left(log_q6, 1)


_QUARTER_Q6 = 1 << 23
_FOURTH_ROOT_OF_2 = math.sqrt(math.sqrt(2.0))


def _leading_zeros(x: IntArray) -> IntArray:
    """Leading zeros of positive 32-bit values."""
    return 32 - np.frexp(x.astype(np.float64))[1].astype(np.int64)


def _log_quotient(r: IntArray) -> tuple[IntArray, IntArray]:
    """Numerator, and denominator less 1, of ln(r * 2**(1/4)) in Q0."""
    root = _q(1.0 / _FOURTH_ROOT_OF_2, 0)
    total = r + root
    middle = np.sign(total) * ((np.abs(total) + 1) // 2)
    q = 2 * (r - root)
    square = _mul(q, q)
    numerator = _mul(q, r) + _mul(_mul(q, square), _q(11.0 / 240.0 * _FOURTH_ROOT_OF_2, 0))
    inner = (
        _q(2.0 / _FOURTH_ROOT_OF_2 - _FOURTH_ROOT_OF_2, 0) + q + _mul(_q(_FOURTH_ROOT_OF_2 / 20.0, 0), square)
    )
    return numerator, _mul(middle, inner) + _mul(_q(_FOURTH_ROOT_OF_2 / 4.0, 0), q)
