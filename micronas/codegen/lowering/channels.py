"""Weights, bias and scales of an output channel -> ``mn_channel``: what the kernels read per channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Constant
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.multiplier import IntArray, wrap_int32


@dataclass(frozen=True, eq=False)
class Channels:
    """An op's output channels: weights (outputs, terms), folded bias, requantization.

    Without values, ``rows`` and ``bias`` are None. One scale for all channels has arrays of one element.
    """

    outputs: int
    rows: npt.NDArray[np.int8] | None
    bias: IntArray | None
    multipliers: IntArray
    shifts: IntArray


def channels_of(
    context: OpContext, outputs: int, rows: npt.NDArray[np.generic] | None, scales: tuple[IntArray, IntArray]
) -> Channels:
    """The channels of an op with input 0, weights as ``rows`` and bias at input 2."""
    narrow = None if rows is None else rows.astype(np.int8)
    zero_point = quant_of(context, context.input(0)).zero_point[0]
    return Channels(outputs, narrow, _folded_bias(context, narrow, zero_point, outputs), *scales)


def _folded_bias(
    context: OpContext, rows: npt.NDArray[np.int8] | None, zero_point: int, outputs: int
) -> IntArray | None:
    """bias - zero_point * sum(weights): kernels then multiply the inputs as they are."""
    if rows is None:
        return None
    bias = np.zeros(outputs, np.int64)
    if context.has_input(2):
        tensor = context.constant(2)
        if tensor.data is None:
            return None
        bias = np.asarray(tensor.data, np.int64).reshape(-1)
    return wrap_int32(bias - zero_point * rows.astype(np.int64).sum(axis=1))


def channel_constant(channels: Channels, padded_to: int = 1) -> Constant:
    """``mn_channel channels[]``; one scale for all is repeated, ``padded_to`` rounds the count up."""
    count = -(-channels.outputs // padded_to) * padded_to
    if channels.bias is None:
        return Constant("channels", "mn_channel", count)
    table = np.zeros((count, 3), np.int32)
    table[: channels.outputs, 0] = channels.bias
    table[: channels.outputs, 1] = channels.multipliers
    table[: channels.outputs, 2] = channels.shifts
    return Constant("channels", "mn_channel", count, table)


def require_symmetric(context: OpContext) -> None:
    """Weights have zero point 0, as the int8 scheme prescribes."""
    quant = context.constant(1).quant
    if quant is None or any(z != 0 for z in quant.zero_point):
        raise context.refuse("weights have a zero point other than 0, or no scale")
