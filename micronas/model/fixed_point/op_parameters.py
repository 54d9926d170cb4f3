"""Integer parameters of the ops that need more than one multiplier: ADD, SUB, MUL, MEAN, SUM, SOFTMAX, ...

Each dataclass holds the values that TFLite's ``Prepare`` computes once from scales and zero points, for the
interpreter and the code generator. Scales are float32 values held as Python floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from micronas.errors import ModelError
from micronas.model.fixed_point.multiplier import quantize_multiplier
from micronas.model.graph import Quant


@dataclass(frozen=True)
class Requant:
    """One real factor as ``multiplier * 2**(shift - 31)``."""

    multiplier: int
    shift: int


def requant(real: float) -> Requant:
    """``real`` (finite, >= 0) as a ``Requant``."""
    return Requant(*quantize_multiplier(real))


def _smaller_than_one(real: float, what: str) -> Requant:
    if not 0.0 < real < 1.0:
        raise ModelError(
            f"{what}: rescaling by {real:g} is outside (0, 1), which TFLite's kernel cannot express",
            remedy="the scales of this op's tensors are implausible: check the calibration data",
        )
    return requant(real)


@dataclass(frozen=True)
class SumParameters:
    """ADD and SUB: y = out(in1((x1 - zp1) << 20) +- in2((x2 - zp2) << 20)) + zp_y, then the clamp."""

    input1: Requant
    input2: Requant
    output: Requant
    left_shift: int = 20


def sum_parameters(input1: Quant, input2: Quant, output: Quant) -> SumParameters:
    """Parameters of ADD or SUB; raises ``ModelError`` for scales on which TFLite's kernel aborts."""
    twice_max = 2.0 * max(input1.scale[0], input2.scale[0])
    return SumParameters(
        input1=_smaller_than_one(input1.scale[0] / twice_max, "ADD/SUB first input"),
        input2=_smaller_than_one(input2.scale[0] / twice_max, "ADD/SUB second input"),
        output=_smaller_than_one(twice_max / (2.0**20 * output.scale[0]), "ADD/SUB output"),
    )


def product_requant(input1: Quant, input2: Quant, output: Quant) -> Requant:
    """The factor of MUL: y = f((x1 - zp1) * (x2 - zp2)) + zp_y."""
    return requant(input1.scale[0] * input2.scale[0] / output.scale[0])


def matrix_product_requant(input1: Quant, input2: Quant, output: Quant) -> Requant:
    """The factor of BATCH_MATMUL, for which TFLite rounds the product of scales to float32."""
    product = float(np.float32(input1.scale[0]) * np.float32(input2.scale[0]))
    return requant(product / output.scale[0])


def rescale_requant(source: Quant, output: Quant) -> Requant:
    """The factor scale_in / scale_out of SUM, RELU, QUANTIZE (int8 to int8) and similar ops."""
    return requant(source.scale[0] / output.scale[0])


def mean_requant(source: Quant, output: Quant, count: int) -> Requant:
    """The factor of MEAN over ``count`` elements: y = f(sum - count * zp_x) + zp_y.

    TFLite folds 1/count into the multiplier, shifting left first as far as precision allows.
    """
    base = rescale_requant(source, output)
    shift = min(count.bit_length() - 1, 32, 31 + base.shift)
    return Requant((base.multiplier << shift) // count, base.shift - shift)


@dataclass(frozen=True)
class SoftmaxParameters:
    """SOFTMAX: differences from the row's maximum below ``diff_min`` give probability 0 (-128)."""

    input: Requant
    diff_min: int


SOFTMAX_INTEGER_BITS = 5


@dataclass(frozen=True)
class LogSoftmaxParameters:
    """LOG_SOFTMAX: SOFTMAX's scaling, and back from Q5.26 to differences of int8 values."""

    softmax: SoftmaxParameters
    reverse: Requant


def log_softmax_parameters(source: Quant) -> LogSoftmaxParameters:
    """Parameters of LOG_SOFTMAX over a tensor of scale ``source``."""
    forward = softmax_parameters(source, 1.0)
    back = 2.0 ** (31 - forward.input.shift) / forward.input.multiplier
    return LogSoftmaxParameters(forward, requant(back))


def softmax_parameters(source: Quant, beta: float) -> SoftmaxParameters:
    """Scaling of ``beta * scale * (x - max)`` to Q5.26; ``beta`` is a float32 value."""
    real = float(np.float32(beta)) * source.scale[0] * (1 << (31 - SOFTMAX_INTEGER_BITS))
    real = min(real, 2.0**31 - 1.0)
    if real <= 1.0:
        raise ModelError(
            f"SOFTMAX: input scale {source.scale[0]:g} is too small for TFLite's kernel",
            remedy="the scale of the logits is implausible: check the calibration data",
        )
    factor = requant(real)
    bound = ((1 << SOFTMAX_INTEGER_BITS) - 1) * 2.0 ** (31 - SOFTMAX_INTEGER_BITS) / 2.0**factor.shift
    return SoftmaxParameters(factor, -math.floor(bound))
