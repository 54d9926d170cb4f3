"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from micronas.fixed_point import activation_range, conv_multipliers
from micronas.graph import DepthwiseConv2D, Tensor
from micronas.lowering import Field, Lowered, Ref
from micronas.lowering.channels import channel_constant, channels_of, require_symmetric
from micronas.lowering.operands import OpContext, int8_constant, quant_of
from micronas.lowering.window import image_fields
from micronas.window import window_padding


def lower_depthwise_conv2d(context: OpContext) -> Lowered:
    """One call of ``mn_depthwise_s8``."""
    attrs = context.op.attrs
    assert isinstance(attrs, DepthwiseConv2D)
    x, w, y = context.activation(0), context.constant(1), context.int8_output()
    require_symmetric(context)
    outputs = w.shape[3]
    if outputs != x.shape[-1] * attrs.depth_multiplier:
        raise context.refuse(
            f"{outputs} filters do not fit {x.shape[-1]} channels times {attrs.depth_multiplier}"
        )
    scales = conv_multipliers(quant_of(context, x), quant_of(context, w), quant_of(context, y))
    rows = None if w.data is None else w.data.reshape(-1, outputs).T
    channels = channels_of(context, outputs, rows, scales)
    return Lowered(
        op_index=context.index,
        kernel="mn_depthwise_s8",
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=depthwise_fields(context, attrs, x, w, y),
        constants=(int8_constant("weights", w), channel_constant(channels)),
        arguments=(context.argument(0),),
        scratch_bytes=w.shape[1] * w.shape[2] * x.shape[3],
    )


def depthwise_fields(
    context: OpContext, attrs: DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor
) -> tuple[Field, ...]:
    """The members of ``mn_depthwise``."""
    low, high = activation_range(attrs.activation, quant_of(context, y))
    vertical = (x.shape[1], y.shape[1], w.shape[1], attrs.stride_h, attrs.dilation_h)
    horizontal = (x.shape[2], y.shape[2], w.shape[2], attrs.stride_w, attrs.dilation_w)
    return (
        Field("weights", "const int8_t *", Ref("weights")),
        Field("channels", "const mn_channel *", Ref("channels")),
        *image_fields(context, x, y),
        Field("kernel_h", "int16_t", w.shape[1]),
        Field("kernel_w", "int16_t", w.shape[2]),
        Field("stride_h", "int16_t", attrs.stride_h),
        Field("stride_w", "int16_t", attrs.stride_w),
        Field("dilation_h", "int16_t", attrs.dilation_h),
        Field("dilation_w", "int16_t", attrs.dilation_w),
        Field("pad_top", "int16_t", window_padding(*vertical)[0]),
        Field("pad_left", "int16_t", window_padding(*horizontal)[0]),
        Field("multiplier", "int16_t", attrs.depth_multiplier),
        Field("in_zero_point", "int16_t", quant_of(context, x).zero_point[0]),
        Field("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        Field("out_min", "int16_t", low),
        Field("out_max", "int16_t", high),
    )
