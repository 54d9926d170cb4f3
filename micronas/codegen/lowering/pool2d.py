"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.codegen.lowering.overlap import Steps, WindowAxis, window_lead
from micronas.codegen.lowering.window import image_fields
from micronas.model.fixed_point.multiplier import activation_range
from micronas.model.op_attributes import Pool2D
from micronas.model.window import window_padding


def lower_average_pool(context: OpContext) -> Lowered:
    """One call of ``mn_average_pool2d_dsp``, for whole words of channels, or ``mn_average_pool2d_s8``."""
    whole_words = context.target.core.has_dsp and context.input(0).shape[-1] % 4 == 0
    return _lower(context, "mn_average_pool2d_dsp" if whole_words else "mn_average_pool2d_s8")


def lower_max_pool(context: OpContext) -> Lowered:
    """One call of ``mn_max_pool2d_dsp``, for at least a word of channels, or ``mn_max_pool2d_s8``."""
    words = context.target.core.has_dsp and context.input(0).shape[-1] >= 4
    return _lower(context, "mn_max_pool2d_dsp" if words else "mn_max_pool2d_s8")


def _lower(context: OpContext, kernel: str) -> Lowered:
    attrs = context.op.attrs
    assert isinstance(attrs, Pool2D)
    x, y = context.activation(0), context.int8_output()
    in_h, in_w, channels, out_h, out_w, _ = image_fields(context, x, y)
    low, high = activation_range(attrs.activation, quant_of(context, y))
    vertical = (x.shape[1], y.shape[1], attrs.filter_h, attrs.stride_h, 1)
    horizontal = (x.shape[2], y.shape[2], attrs.filter_w, attrs.stride_w, 1)
    return Lowered(
        op_index=context.index,
        kernel=kernel,
        header="mn_pool2d.h",
        params_type="mn_pool2d",
        params=(
            in_h,
            in_w,
            StructField("channels", "int16_t", channels.value),
            out_h,
            out_w,
            StructField("filter_h", "int16_t", context.int16(attrs.filter_h, "filter_h")),
            StructField("filter_w", "int16_t", context.int16(attrs.filter_w, "filter_w")),
            StructField("stride_h", "int16_t", context.int16(attrs.stride_h, "stride_h")),
            StructField("stride_w", "int16_t", context.int16(attrs.stride_w, "stride_w")),
            StructField("pad_top", "int16_t", window_padding(*vertical)[0]),
            StructField("pad_left", "int16_t", window_padding(*horizontal)[0]),
            StructField("out_min", "int16_t", low),
            StructField("out_max", "int16_t", high),
        ),
        constants=(),
        arguments=(context.argument(0),),
        lead_bytes=window_lead(
            x, y, WindowAxis(*vertical), WindowAxis(*horizontal), Steps(1, buffered=False)
        ),
    )
