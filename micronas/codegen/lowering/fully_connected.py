"""FULLY_CONNECTED, with one weight scale or one per output."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.channels import Channels, channel_constant, channels_of, require_symmetric
from micronas.codegen.lowering.dsp import (
    Segments,
    exact_finish,
    fast_scales,
    packed_weights,
    packs,
    segments_for,
)
from micronas.codegen.lowering.operands import OpContext, int8_constant, quant_of
from micronas.model.fixed_point.multiplier import activation_range, fully_connected_multipliers
from micronas.model.graph import Tensor
from micronas.model.op_attributes import FullyConnected

ROWS_AT_ONCE = 8
"""Rows whose weights a DSP kernel reads as one stream; those that are left lie pair by pair."""
_GROUP_BYTES = 8
"""A group of four terms of a pair of rows."""


@dataclass(frozen=True, eq=False)
class _Form:
    """The layout in which a kernel expects its weights."""

    suffix: str
    weights: Constant
    cut: Segments
    finish: StructField
    scratch_bytes: int


def lower_fully_connected(context: OpContext) -> Lowered:
    """One call of a ``mn_dense`` or ``mn_dense_channels`` kernel; leading dimensions are batches."""
    attrs, x, w = context.op.attrs, context.activation(0), context.constant(1)
    assert isinstance(attrs, FullyConnected)
    out = quant_of(context, context.int8_output())
    require_symmetric(context)
    if x.elements % w.shape[1]:
        raise context.refuse(f"input of shape {x.shape} is not a row of {w.shape[1]} elements")
    scales = fully_connected_multipliers(quant_of(context, x), quant_of(context, w), out)
    channels = channels_of(context, w.shape[0], w.data, scales)
    clamp = activation_range(attrs.activation, out)
    if quant_of(context, w).per_channel and context.target.core.has_dsp:
        channels = fast_scales(channels, out.zero_point[0], clamp)
    form = _form(context, channels, w, clamp)
    if quant_of(context, w).per_channel:
        return _lowered(context, "mn_dense_channels", form, channel_constant(channels), ())
    scale = (
        StructField("multiplier", "int32_t", int(channels.multipliers[0])),
        StructField("shift", "int32_t", int(channels.shifts[0])),
    )
    return _lowered(context, "mn_dense", form, _bias_constant(channels), scale)


def _form(context: OpContext, channels: Channels, w: Tensor, clamp: tuple[int, int]) -> _Form:
    if not context.target.core.has_dsp or not packs(channels):
        return _portable_form(w)
    terms, finish = w.shape[1], exact_finish(channels, clamp)
    cut, weights = segments_for(terms), _in_eights(packed_weights(channels, terms), w.shape[0])
    if cut.padded_terms == terms:
        return _Form("_dsp", weights, cut, finish, 0)
    if context.target.no_scratch:
        return _portable_form(w)
    return _Form("_padded_dsp", weights, cut, finish, cut.padded_terms)


def _in_eights(packed: Constant, outputs: int) -> Constant:
    """The packed pairs of rows with every eight rows in one stream, a group of four terms at a time."""
    if packed.values is None or outputs < ROWS_AT_ONCE:
        return packed
    pairs, eights = -(-outputs // 2), outputs // ROWS_AT_ONCE
    rows = packed.values.reshape(pairs, -1, _GROUP_BYTES)
    together = rows[: 4 * eights].reshape(eights, 4, -1, _GROUP_BYTES).swapaxes(1, 2)
    values = np.concatenate([together.reshape(-1), rows[4 * eights :].reshape(-1)])
    return replace(packed, values=values)


def _portable_form(w: Tensor) -> _Form:
    finish = StructField("exact_finish", "int16_t", 0)
    return _Form("_s8", int8_constant("weights", w), Segments(0, 0), finish, 0)


def _bias_constant(channels: Channels) -> Constant:
    values = None if channels.bias is None else channels.bias.astype(np.int32)
    return Constant("bias", "int32_t", channels.outputs, values)


def _lowered(
    context: OpContext, params_type: str, form: _Form, per_output: Constant, scale: tuple[StructField, ...]
) -> Lowered:
    return Lowered(
        op_index=context.index,
        kernel=params_type + form.suffix,
        header="mn_dense.h",
        params_type=params_type,
        params=(
            StructField("weights", "const int8_t *", Ref("weights")),
            StructField(per_output.name, f"const {per_output.ctype} *", Ref(per_output.name)),
            *scale,
            *_size_fields(context),
            StructField("segment_groups", "int16_t", form.cut.groups),
            StructField("segments", "int16_t", form.cut.segments),
            form.finish,
        ),
        constants=(form.weights, per_output),
        arguments=(context.argument(0),),
        scratch_bytes=form.scratch_bytes,
    )


def _size_fields(context: OpContext) -> tuple[StructField, ...]:
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, FullyConnected)
    low, high = activation_range(attrs.activation, quant_of(context, y))
    return (
        StructField("batches", "int32_t", x.elements // w.shape[1]),
        StructField("in_n", "int32_t", w.shape[1]),
        StructField("out_n", "int32_t", w.shape[0]),
        StructField("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        StructField("out_min", "int16_t", low),
        StructField("out_max", "int16_t", high),
    )
