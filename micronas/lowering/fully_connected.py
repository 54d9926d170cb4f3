"""FULLY_CONNECTED, with one weight scale or one per output."""

from __future__ import annotations

import numpy as np

from micronas.fixed_point import activation_range, fully_connected_multipliers
from micronas.graph import FullyConnected, Tensor
from micronas.lowering import Constant, Field, Lowered, Ref
from micronas.lowering.channels import Channels, channel_constant, channels_of, require_symmetric
from micronas.lowering.operands import OpContext, int8_constant, quant_of


def lower_fully_connected(context: OpContext) -> Lowered:
    """One call of ``mn_dense_s8`` or ``mn_dense_channels_s8``; leading dimensions are batches."""
    x, w, y = context.activation(0), context.constant(1), context.int8_output()
    require_symmetric(context)
    if x.elements % w.shape[1]:
        raise context.refuse(f"input of shape {x.shape} is no row of {w.shape[1]} elements")
    scales = fully_connected_multipliers(quant_of(context, x), quant_of(context, w), quant_of(context, y))
    channels = channels_of(context, w.shape[0], w.data, scales)
    if quant_of(context, w).per_channel:
        return _lowered(context, "mn_dense_channels", channel_constant(channels), ())
    scale = (
        Field("multiplier", "int32_t", int(channels.multipliers[0])),
        Field("shift", "int32_t", int(channels.shifts[0])),
    )
    return _lowered(context, "mn_dense", _bias_constant(channels), scale)


def _bias_constant(channels: Channels) -> Constant:
    values = None if channels.bias is None else channels.bias.astype(np.int32)
    return Constant("bias", "int32_t", channels.outputs, values)


def _lowered(context: OpContext, params_type: str, per_output: Constant, scale: tuple[Field, ...]) -> Lowered:
    x, w = context.input(0), context.input(1)
    return Lowered(
        op_index=context.index,
        kernel=f"{params_type}_s8",
        header="mn_dense.h",
        params_type=params_type,
        params=(
            Field("weights", "const int8_t *", Ref("weights")),
            Field(per_output.name, f"const {per_output.ctype} *", Ref(per_output.name)),
            *scale,
            *_size_fields(context, x, w, context.output()),
        ),
        constants=(int8_constant("weights", w), per_output),
        arguments=(context.argument(0),),
    )


def _size_fields(context: OpContext, x: Tensor, w: Tensor, y: Tensor) -> tuple[Field, ...]:
    attrs = context.op.attrs
    assert isinstance(attrs, FullyConnected)
    low, high = activation_range(attrs.activation, quant_of(context, y))
    return (
        Field("batches", "int32_t", x.elements // w.shape[1]),
        Field("in_n", "int32_t", w.shape[1]),
        Field("out_n", "int32_t", w.shape[0]),
        Field("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        Field("out_min", "int16_t", low),
        Field("out_max", "int16_t", high),
    )
