"""TRANSPOSE_CONV."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.channels import Channels, channel_constant, require_symmetric
from micronas.codegen.lowering.operands import OpContext, int8_constant, quant_of
from micronas.codegen.lowering.window import image_fields
from micronas.model.fixed_point.multiplier import IntArray, conv_multipliers
from micronas.model.op_attributes import TransposeConv
from micronas.model.window import window_padding


def lower_transpose_conv(context: OpContext) -> Lowered:
    """One call of ``mn_transpose_conv_s8``: for each output pixel, the inputs that reach it."""
    attrs, x, w, y = context.op.attrs, context.activation(2), context.constant(1), context.int8_output()
    assert isinstance(attrs, TransposeConv)
    require_symmetric(context)
    taps, strides = w.shape[1:3], (attrs.stride_h, attrs.stride_w)
    pads = [window_padding(y.shape[1 + i], x.shape[1 + i], taps[i], strides[i])[0] for i in (0, 1)]
    sizes = (
        *zip(("kernel_h", "kernel_w"), taps, strict=True),
        *zip(("stride_h", "stride_w"), strides, strict=True),
        *zip(("pad_top", "pad_left"), pads, strict=True),
    )
    return Lowered(
        op_index=context.index,
        kernel="mn_transpose_conv_s8",
        header="mn_transpose_conv.h",
        params_type="mn_transpose_conv",
        params=(
            StructField("weights", "const int8_t *", Ref("weights")),
            StructField("channels", "const mn_channel *", Ref("channels")),
            *image_fields(context, x, y),
            *(StructField(name, "int16_t", context.int16(size, name)) for name, size in sizes),
            StructField("in_zero_point", "int16_t", quant_of(context, x).zero_point[0]),
            StructField("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        ),
        constants=(int8_constant("weights", w), _channels(context)),
        arguments=(context.argument(2),),
    )


def _channels(context: OpContext) -> Constant:
    """Bias and scale of each output; the zero point stays apart, as borders lack some of the taps."""
    x, w, y = context.input(2), context.input(1), context.output()
    scales = conv_multipliers(quant_of(context, x), quant_of(context, w), quant_of(context, y))
    bias: IntArray | None = np.zeros(w.shape[0], np.int64)
    if context.has_input(3):
        tensor = context.constant(3)
        bias = None if tensor.data is None else np.asarray(tensor.data, np.int64).reshape(-1)
    return channel_constant(Channels(w.shape[0], None, bias, *scales))
