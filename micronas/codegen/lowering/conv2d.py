"""CONV_2D."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.codegen.lowering import Blocks, Lowered, Ref, StructField
from micronas.codegen.lowering.channels import Channels, channel_constant, channels_of, require_symmetric
from micronas.codegen.lowering.conv2d_1x1 import few_of
from micronas.codegen.lowering.conv2d_3x3 import stem_of, tiles_of
from micronas.codegen.lowering.conv2d_lines import lines_of
from micronas.codegen.lowering.dsp import (
    Segments,
    exact_finish,
    fast_scales,
    packed_weights,
    packs,
    segments_for,
)
from micronas.codegen.lowering.operands import OpContext, int8_constant, quant_of
from micronas.codegen.lowering.overlap import Steps, WindowAxis, pointwise_lag, window_lead
from micronas.codegen.lowering.window import image_fields
from micronas.model.fixed_point.multiplier import activation_range, conv_multipliers
from micronas.model.graph import Tensor
from micronas.model.op_attributes import Conv2D
from micronas.model.window import window_padding


def lower_conv2d(context: OpContext) -> Lowered:
    """One call of a ``mn_conv2d`` kernel: pointwise or general, DSP or portable."""
    attrs = context.op.attrs
    assert isinstance(attrs, Conv2D)
    x, w, y = context.activation(0), context.constant(1), context.int8_output()
    require_symmetric(context)
    if x.shape[-1] % w.shape[3] or y.shape[-1] % (x.shape[-1] // w.shape[3]):
        raise context.refuse(f"{w.shape[3]} filter channels do not divide {x.shape[-1]} input channels")
    scales = conv_multipliers(quant_of(context, x), quant_of(context, w), quant_of(context, y))
    rows = None if w.data is None else w.data.reshape(w.shape[0], -1)
    channels = channels_of(context, w.shape[0], rows, scales)
    fields = conv_fields(context, attrs, x, w, y)
    pointwise = w.shape[1:] == (1, 1, x.shape[-1]) and (attrs.stride_h, attrs.stride_w) == (1, 1)
    grouped = w.shape[3] != x.shape[-1]
    if context.target.no_scratch and not (pointwise and y.shape[-1] > x.shape[-1]):
        return _direct(context, channels, fields)
    if context.target.core.has_dsp and not context.target.no_scratch and not grouped and packs(channels):
        return _dsp(context, channels, fields, pointwise)
    return _portable(context, channels, fields, pointwise)


def _direct(context: OpContext, channels: Channels, fields: tuple[StructField, ...]) -> Lowered:
    """Without scratch.

    Not of pointwise convolutions to more channels: with one pixel of scratch their output may lie over all of
    the input. The pixel is less than the scales of the output's channels, which TensorFlow Lite Micro keeps
    in its arena.
    """
    lead, _ = _overlap(context, False, Steps(1, buffered=False))
    return Lowered(
        op_index=context.index,
        kernel="mn_conv2d_direct_s8",
        header="mn_conv2d.h",
        params_type="mn_conv2d",
        params=(*fields, *_segment_fields(Segments(0, 0)), StructField("exact_finish", "int16_t", 1)),
        constants=(int8_constant("weights", context.input(1)), channel_constant(channels)),
        arguments=(context.argument(0),),
        lead_bytes=lead,
    )


def _overlap(context: OpContext, pointwise: bool, steps: Steps) -> tuple[int | None, int | None]:
    """Lead and lag: pointwise kernels go backwards where channels become more."""
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    if pointwise and y.shape[3] > x.shape[3]:
        return None, pointwise_lag(x, y, steps)
    vertical = WindowAxis(x.shape[1], y.shape[1], w.shape[1], attrs.stride_h, attrs.dilation_h)
    horizontal = WindowAxis(x.shape[2], y.shape[2], w.shape[2], attrs.stride_w, attrs.dilation_w)
    return window_lead(x, y, vertical, horizontal, steps), None


def _portable(
    context: OpContext, channels: Channels, fields: tuple[StructField, ...], pointwise: bool
) -> Lowered:
    w = context.input(1)
    grouped = w.shape[3] != context.input(0).shape[-1]
    lead, lag = _overlap(context, pointwise, Steps(1, buffered=not grouped))
    return Lowered(
        op_index=context.index,
        kernel="mn_conv2d_1x1_s8" if pointwise else "mn_conv2d_s8",
        header="mn_conv2d.h",
        params_type="mn_conv2d",
        params=(*fields, *_segment_fields(Segments(0, 0)), StructField("exact_finish", "int16_t", 0)),
        constants=(int8_constant("weights", w), channel_constant(channels)),
        arguments=(context.argument(0),),
        scratch_bytes=w.shape[1] * w.shape[2] * w.shape[3],
        lead_bytes=lead,
        lag_bytes=lag,
    )


def _dsp(context: OpContext, channels: Channels, fields: tuple[StructField, ...], pointwise: bool) -> Lowered:
    attrs, w = context.op.attrs, context.input(1)
    assert isinstance(attrs, Conv2D)
    out, terms = quant_of(context, context.output()), w.elements // w.shape[0]
    clamp = activation_range(attrs.activation, out)
    channels = fast_scales(channels, out.zero_point[0], clamp)
    cut = segments_for(terms)
    lead, lag = _overlap(context, pointwise, Steps(2, buffered=True))
    return Lowered(
        op_index=context.index,
        kernel="mn_conv2d_1x1_dsp" if pointwise else "mn_conv2d_dsp",
        header="mn_conv2d.h",
        params_type="mn_conv2d",
        params=(*fields, *_segment_fields(cut), exact_finish(channels, clamp)),
        constants=(
            packed_weights(_in_order_of_windows(channels, w.shape), terms),
            channel_constant(channels, padded_to=2),
        ),
        arguments=(context.argument(0),),
        scratch_bytes=4 * cut.padded_terms if pointwise else 5 * cut.padded_terms + 4,
        lead_bytes=lead,
        lag_bytes=lag,
        blocks=_blocks(context, cut, pointwise),
    )


def _in_order_of_windows(channels: Channels, shape: tuple[int, ...]) -> Channels:
    """Weights in the order in which a DSP kernel widens a window: whole words of each row, then its rest."""
    row_terms = shape[2] * shape[3]
    if channels.rows is None or row_terms % 4 == 0:
        return channels
    rows = channels.rows.reshape(shape[0], shape[1], row_terms)
    words, rests = rows[:, :, : row_terms // 4 * 4], rows[:, :, row_terms // 4 * 4 :]
    ordered = np.concatenate([part.reshape(shape[0], -1) for part in (words, rests)], axis=1)
    return replace(channels, rows=ordered)


def _blocks(context: OpContext, cut: Segments, pointwise: bool) -> Blocks | None:
    """Blocks read all windows of a step before they write, and end where pairs do: the same overlap is
    safe.
    """
    y = context.output()
    pixels = y.shape[1] * y.shape[2]
    if pixels < 4:
        return None
    return Blocks(
        kernel="mn_conv2d_1x1_block_dsp" if pointwise else "mn_conv2d_block_dsp",
        params_type="mn_conv2d_block",
        member="conv",
        fixed_bytes=0 if pointwise else cut.padded_terms + 4,
        quad_bytes=8 * cut.padded_terms,
        stage_bytes=2 * cut.padded_terms,
        most_quads=-(-pixels // 4),
        tiles=tiles_of(context),
        special=stem_of(context) or lines_of(context) or few_of(context),
    )


def _segment_fields(cut: Segments) -> tuple[StructField, ...]:
    return (
        StructField("segment_groups", "int16_t", cut.groups),
        StructField("segments", "int16_t", cut.segments),
    )


def conv_fields(
    context: OpContext, attrs: Conv2D, x: Tensor, w: Tensor, y: Tensor
) -> tuple[StructField, ...]:
    """The members of ``mn_conv2d``."""
    low, high = activation_range(attrs.activation, quant_of(context, y))
    vertical = (x.shape[1], y.shape[1], w.shape[1], attrs.stride_h, attrs.dilation_h)
    horizontal = (x.shape[2], y.shape[2], w.shape[2], attrs.stride_w, attrs.dilation_w)
    return (
        StructField("weights", "const int8_t *", Ref("weights")),
        StructField("channels", "const mn_channel *", Ref("channels")),
        *image_fields(context, x, y),
        StructField("groups", "int16_t", x.shape[3] // w.shape[3]),
        StructField("kernel_h", "int16_t", w.shape[1]),
        StructField("kernel_w", "int16_t", w.shape[2]),
        StructField("stride_h", "int16_t", attrs.stride_h),
        StructField("stride_w", "int16_t", attrs.stride_w),
        StructField("dilation_h", "int16_t", attrs.dilation_h),
        StructField("dilation_w", "int16_t", attrs.dilation_w),
        StructField("pad_top", "int16_t", window_padding(*vertical)[0]),
        StructField("pad_left", "int16_t", window_padding(*horizontal)[0]),
        StructField("in_zero_point", "int16_t", quant_of(context, x).zero_point[0]),
        StructField("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        StructField("out_min", "int16_t", low),
        StructField("out_max", "int16_t", high),
    )
