"""Weights, bias and scales of an output channel -> ``mn_channel``: what the kernels read per channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.fixed_point import IntArray, wrap_int32
from micronas.lowering import Constant
from micronas.lowering.operands import OpContext


def folded_bias(
    context: OpContext, weights: npt.NDArray[np.generic] | None, zero_point: int, outputs: int
) -> IntArray | None:
    """bias - zero_point * sum(weights), per row of ``weights`` (outputs, terms); None without values."""
    if weights is None:
        return None
    bias = np.zeros(outputs, np.int64)
    if context.has_input(2):
        tensor = context.constant(2)
        if tensor.data is None:
            return None
        bias = np.asarray(tensor.data, np.int64).reshape(-1)
    return wrap_int32(bias - zero_point * weights.astype(np.int64).sum(axis=1))


def channel_constant(
    bias: IntArray | None, multipliers: IntArray, shifts: IntArray, outputs: int, padded_to: int = 1
) -> Constant:
    """``mn_channel channels[]``; one scale for all is repeated, ``padded_to`` rounds the count up."""
    count = -(-outputs // padded_to) * padded_to
    if bias is None:
        return Constant("channels", "mn_channel", count)
    rows = np.zeros((count, 3), np.int32)
    rows[:outputs, 0] = bias
    rows[:outputs, 1] = multipliers
    rows[:outputs, 2] = shifts
    return Constant("channels", "mn_channel", count, rows)


def require_symmetric(context: OpContext) -> None:
    """Weights have zero point 0, as the int8 scheme prescribes."""
    quant = context.constant(1).quant
    if quant is None or any(z != 0 for z in quant.zero_point):
        raise context.refuse("weights have a zero point other than 0, or no scale")
