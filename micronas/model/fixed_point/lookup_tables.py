"""256-entry tables of the int8 -> int8 functions: exact by construction, one load per element at run time.

``lookup_table`` evaluates TFLite's own arithmetic for every input -128..127. Entry ``x + 128`` is the output.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.fixed_point.functions import logistic, tanh
from micronas.model.fixed_point.multiplier import (
    INT8_MAX,
    INT8_MIN,
    IntArray,
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    round_half_away,
    rounding_divide_by_pot,
)
from micronas.model.fixed_point.op_parameters import rescale_requant
from micronas.model.graph import DType, Quant, Tensor
from micronas.model.op_attributes import Activation, Attrs, Gelu, LeakyRelu

_FUNCTION_INTEGER_BITS = 4


def lookup_table(kind: str, source: Quant, output: Quant, attrs: Attrs) -> npt.NDArray[np.int8]:
    """The int8[256] table of ``kind``; raises ``ModelError`` for scales that TFLite's kernel rejects."""
    centred = np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64) - source.zero_point[0]
    values = _FUNCTIONS[kind](centred, source, output, attrs)
    return np.clip(values, INT8_MIN, INT8_MAX).astype(np.int8)


def byte_table(kind: str, source: Tensor, output: Tensor, attrs: Attrs) -> npt.NDArray[np.int8]:
    """``lookup_table`` of the tensors' bytes, read as int8 on both sides, whether they are int8 or uint8.

    A uint8 value is the int8 value 128 below it, with a zero point 128 lower: its byte has the top bit
    flipped.
    """
    table = lookup_table(kind, _as_int8(source), _as_int8(output), attrs)
    if source.dtype is DType.UINT8:
        table = np.roll(table, 128)  # entry i ^ 0x80 for the byte i
    return table ^ np.int8(-128) if output.dtype is DType.UINT8 else table


def _as_int8(tensor: Tensor) -> Quant:
    """The quantization of the same real values as int8; raises ``ModelError`` if there is none."""
    if tensor.quant is None:
        raise ModelError(f"tensor {tensor.name!r} of type {tensor.dtype.value} has no scale")
    offset = 128 if tensor.dtype is DType.UINT8 else 0
    return Quant(tensor.quant.scale, (tensor.quant.zero_point[0] - offset,))


def _rescale(centred: IntArray, source: Quant, output: Quant) -> IntArray:
    factor = rescale_requant(source, output)
    scaled = multiply_by_quantized_multiplier(centred, factor.multiplier, factor.shift)
    return scaled + output.zero_point[0]


def _quantize(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    return _rescale(centred, source, output)


def _relu(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    low, high = activation_range(Activation.RELU, output)
    return np.clip(_rescale(centred, source, output), low, high)


def _relu6(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    if source.scale != output.scale or source.zero_point != output.zero_point:
        raise ModelError(
            "RELU6: input and output have different scales, which TFLite Micro's kernel does not rescale",
            remedy="fuse the activation into the op before it (Keras: activation='relu6' in the layer)",
        )
    low, high = activation_range(Activation.RELU6, output)
    return np.clip(centred + source.zero_point[0], low, high)


def _leaky_relu(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    """TFLite computes both quotients of scales in float32 here."""
    assert isinstance(attrs, LeakyRelu)
    scale_in, scale_out = np.float32(source.scale[0]), np.float32(output.scale[0])
    above = quantize_multiplier(float(scale_in / scale_out))
    below = quantize_multiplier(float(scale_in * np.float32(attrs.alpha) / scale_out))
    positive = multiply_by_quantized_multiplier(centred, *above)
    negative = multiply_by_quantized_multiplier(centred, *below)
    return np.where(centred >= 0, positive, negative) + output.zero_point[0]


def _saturating_function(
    centred: IntArray, source: Quant, function: Callable[[IntArray, int], IntArray], fraction_bits: int
) -> IntArray:
    """A function of x in Q4, rounded to ``fraction_bits``; |x| beyond Q4's range gives the int8 limits."""
    real = source.scale[0] * 2.0 ** (31 - _FUNCTION_INTEGER_BITS)
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2.0**31 + 0.5)
    limit = ((1 << _FUNCTION_INTEGER_BITS) - 1) * 2.0 ** (31 - _FUNCTION_INTEGER_BITS) / 2.0**shift
    radius = math.floor(limit)
    inside = np.clip(centred, 1 - radius, radius - 1)
    raw = function(multiply_by_quantized_multiplier(inside, multiplier, shift), _FUNCTION_INTEGER_BITS)
    rounded = rounding_divide_by_pot(raw, 31 - fraction_bits)
    # With a radius of 0, no value is inside; TFLite then uses 0 for the low end.
    below, above = centred <= -radius, centred >= radius
    return np.where(below, -(2**31), np.where(above, 2**31, rounded))


def _logistic(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    return _saturating_function(centred, source, logistic, fraction_bits=8) - 128


def _tanh(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    return _saturating_function(centred, source, tanh, fraction_bits=7)


def _hard_swish(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    """x * relu6(x + 3) / 6 in 16-bit fixed point, as TFLite's reference computes it."""
    hires_scale = np.float32(source.scale[0]) / np.float32(128.0)
    out_multiplier, out_exponent = _int16_multiplier(hires_scale / np.float32(output.scale[0]))
    relu_multiplier, relu_exponent = _int16_multiplier(hires_scale / np.float32(3.0 / 32768.0))
    if out_exponent > 0:
        raise ModelError("HARD_SWISH: the output scale is below 1/128 of the input's, which TFLite refuses")
    hires = centred << 7
    on_output_scale = _mul16(hires, out_multiplier)
    gate = _saturate16(hires << max(relu_exponent - 1, 0))
    gate = _mul16(gate, relu_multiplier)
    gate = _saturate16(gate << 1) if relu_exponent > 0 else _divide16(gate, -relu_exponent)
    gate = (gate + (1 << 15)) >> 1
    product = gate * on_output_scale
    # The last product rounds towards zero, which cancels the bias of the roundings before it.
    scaled = np.sign(product) * (np.abs(product) >> 15)
    return _divide16(scaled, -out_exponent) + output.zero_point[0]


def _int16_multiplier(real: np.float32) -> tuple[int, int]:
    multiplier, shift = quantize_multiplier(float(real))
    rounded = 2**15 - 1 if multiplier >= 2**31 - 1 - 2**15 else (multiplier + 2**15) >> 16
    return rounded, shift


def _saturate16(x: IntArray) -> IntArray:
    return np.clip(x, -(2**15), 2**15 - 1)


def _divide16(x: IntArray, exponent: int) -> IntArray:
    """Rounding division by 2**exponent of int16 values; from 16 on, the reference's int16 mask overflows."""
    if exponent < 16:
        return rounding_divide_by_pot(x, exponent)
    return np.where(x >= 0, 1, -1)


def _mul16(a: IntArray, b: int) -> IntArray:
    """Saturating rounding doubling high multiply of int16 values."""
    return np.minimum((a * b + (1 << 14)) >> 15, 2**15 - 1)


def _elu(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    return _by_float(centred, source, output, lambda x: x if x >= 0 else np.float32(math.exp(x)) - _ONE)


def _gelu(centred: IntArray, source: Quant, output: Quant, attrs: Attrs) -> IntArray:
    assert isinstance(attrs, Gelu)
    return _by_float(centred, source, output, _gelu_by_tanh if attrs.approximate else _gelu_by_erfc)


def _gelu_by_erfc(x: np.float32) -> np.float32:
    return _HALF * x * np.float32(math.erfc(x * np.float32(-math.sqrt(0.5))))


def _gelu_by_tanh(x: np.float32) -> np.float32:
    inner = np.float32(math.sqrt(2.0 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return _HALF * x * (_ONE + np.float32(math.tanh(inner)))


_ONE, _HALF = np.float32(1.0), np.float32(0.5)


def _by_float(
    centred: IntArray, source: Quant, output: Quant, function: Callable[[np.float32], np.float32]
) -> IntArray:
    """``function`` of real values in float32, as TFLite fills such tables."""
    scale, inverse = np.float32(source.scale[0]), _ONE / np.float32(output.scale[0])
    real = [function(scale * np.float32(value)) * inverse for value in centred]
    rounded = [round_half_away(float(np.clip(value, -1e9, 1e9))) for value in real]
    return np.array(rounded, np.int64) + output.zero_point[0]


_FUNCTIONS: dict[str, Callable[[IntArray, Quant, Quant, Attrs], IntArray]] = {
    "ELU": _elu,
    "GELU": _gelu,
    "HARD_SWISH": _hard_swish,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _logistic,
    "QUANTIZE": _quantize,
    "RELU": _relu,
    "RELU6": _relu6,
    "TANH": _tanh,
}
