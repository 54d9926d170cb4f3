"""Requantization arithmetic against exact integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.errors import ModelError
from micronas.model.fixed_point.functions import (
    exp_on_negative_values,
    logistic,
    one_over_one_plus_x,
    tanh,
)
from micronas.model.fixed_point.multiplier import (
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from micronas.model.fixed_point.op_parameters import mean_requant, softmax_parameters, sum_parameters
from micronas.model.graph import Quant
from micronas.model.op_attributes import Activation

INT32 = st.integers(-(2**31), 2**31 - 1)


def half_away(x: Fraction) -> int:
    return math.floor(x + Fraction(1, 2)) if x >= 0 else math.ceil(x - Fraction(1, 2))


@given(st.floats(1e-12, 1e6))
def test_multiplier_is_within_half_a_unit_of_the_real_factor(real):
    multiplier, shift = quantize_multiplier(real)
    if shift == 0 and multiplier == 0:
        assert real < 2.0**-31
    else:
        assert 2**30 <= multiplier < 2**31
        exact = Fraction(real) / Fraction(2) ** (shift - 31)
        assert abs(exact - multiplier) <= Fraction(1, 2)


def test_multiplier_that_rounds_up_to_a_power_of_two_keeps_its_range():
    assert quantize_multiplier(1.0 - 2.0**-40) == (2**30, 1)


@given(INT32, INT32)
def test_high_mul_rounds_the_doubled_product(a, b):
    exact = Fraction(2 * a * b, 2**32)
    expected = min(math.floor(exact + Fraction(1, 2)), 2**31 - 1)
    assert int(saturating_rounding_doubling_high_mul(a, b)) == expected


@given(INT32, st.integers(0, 31))
def test_division_rounds_halves_away_from_zero(x, exponent):
    assert int(rounding_divide_by_pot(x, exponent)) == half_away(Fraction(x, 2**exponent))


@given(st.integers(-(2**20), 2**20), st.floats(1e-5, 30.0))
def test_rescaling_is_within_one_of_the_real_product(acc, real):
    result = int(multiply_by_quantized_multiplier(acc, *quantize_multiplier(real)))
    assert abs(result - acc * real) <= 1.0 + abs(acc * real) * 2.0**-30


def test_left_shift_wraps_as_in_c():
    assert int(multiply_by_quantized_multiplier(2**30, 2**30, 2)) == 0
    assert int(multiply_by_quantized_multiplier(2**29, 2**30, 2)) == -(2**30)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (Activation.NONE, (-128, 127)),
        (Activation.RELU, (10, 127)),
        (Activation.RELU6, (10, 70)),
        (Activation.RELU_N1_TO_1, (0, 20)),
    ],
)
def test_activation_range(activation, expected):
    assert activation_range(activation, Quant((0.1,), (10,))) == expected


@given(st.integers(-(2**31) + 1, 0))
def test_exp_of_q5_is_close_to_the_real_one(raw):
    real = math.exp(raw * 2.0**-26)
    assert int(exp_on_negative_values(raw, 5)) * 2.0**-31 == pytest.approx(real, abs=3e-7)


@given(st.integers(-(2**31) + 1, 2**31 - 1))
def test_logistic_and_tanh_of_q4_are_close_to_the_real_ones(raw):
    x = np.array([raw])
    real = raw * 2.0**-27
    assert int(logistic(x, 4)[0]) * 2.0**-31 == pytest.approx(1.0 / (1.0 + math.exp(-real)), abs=1e-6)
    assert int(tanh(x, 4)[0]) * 2.0**-31 == pytest.approx(math.tanh(real), abs=1e-6)


@given(st.integers(0, 2**31 - 1))
def test_reciprocal_of_one_plus_x(raw):
    real = 1.0 / (1.0 + raw * 2.0**-31)
    assert int(one_over_one_plus_x(np.array([raw]))[0]) * 2.0**-31 == pytest.approx(real, abs=1e-8)


@given(st.integers(1, 5000), st.floats(0.01, 10.0))
def test_mean_factor_is_the_rescaling_divided_by_the_count(count, ratio):
    source, output = Quant((float(np.float32(ratio)),), (0,)), Quant((1.0,), (0,))
    factor = mean_requant(source, output, count)
    real = factor.multiplier * 2.0 ** (factor.shift - 31)
    assert real == pytest.approx(source.scale[0] / count, rel=2e-9 * 4)


def test_scales_that_tflite_aborts_on_are_refused():
    with pytest.raises(ModelError, match="ADD/SUB output"):
        sum_parameters(Quant((1.0,), (0,)), Quant((1.0,), (0,)), Quant((1e-9,), (0,)))
    with pytest.raises(ModelError, match="too small"):
        softmax_parameters(Quant((1e-9,), (0,)), 1.0)
