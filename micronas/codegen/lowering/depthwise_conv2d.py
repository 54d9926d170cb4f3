"""DEPTHWISE_CONV_2D: the choice of a form."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.channels import channels_of, require_symmetric
from micronas.codegen.lowering.depthwise_cost import (
    PIXEL_CYCLES,
    fours_cycles,
    pixel_instructions,
    plane_cycles,
    plane_instructions,
)
from micronas.codegen.lowering.depthwise_forms import by_fours, by_pixels, by_planes, direct, portable
from micronas.codegen.lowering.depthwise_op import DepthwiseOp, image_of
from micronas.codegen.lowering.depthwise_strips import strip_of_fours
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.multiplier import conv_multipliers
from micronas.model.op_attributes import DepthwiseConv2D


def lower_depthwise_conv2d(context: OpContext) -> Lowered:
    """One call of ``mn_depthwise_dsp``, ``mn_depthwise_fours_dsp``, ``mn_depthwise_pixels_dsp``,
    ``mn_depthwise_s8`` or ``mn_depthwise_direct_s8``.
    """
    op, target = _depthwise(context), context.target
    if target.no_scratch:
        return direct(op)
    if not target.core.has_dsp:
        return portable(op)
    if target.least_scratch:
        return _least_scratch(op)
    if _takes_fours(op):
        if _is_by_fours(op):
            return by_fours(op)
        planes = min(plane_instructions(image) for image in op.images)
        if op.is_dilated or pixel_instructions(op.image, op.channels.outputs) < planes:
            return by_pixels(op)
    return portable(op) if op.is_dilated else by_planes(op)


def _depthwise(context: OpContext) -> DepthwiseOp:
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
    return DepthwiseOp(context, attrs, image_of(context), w, channels_of(context, outputs, rows, scales))


def _least_scratch(op: DepthwiseOp) -> Lowered:
    """The form with the least scratch; of equal ones the first, which is the faster."""
    forms = [] if op.is_dilated else [by_planes(op, least=True)]
    if _takes_fours(op):
        forms.append(by_pixels(op))
    return min([*forms, portable(op)], key=lambda form: form.scratch_bytes)


def _takes_fours(op: DepthwiseOp) -> bool:
    """Whether four channels at a time are possible, one output channel for each."""
    return op.attrs.depth_multiplier == 1 and op.channels.outputs >= 4


def _is_by_fours(op: DepthwiseOp) -> bool:
    """Whether strips of four channels are possible, and faster than one on a plane or all of a pixel."""
    image, attrs, outputs = op.image, op.attrs, op.channels.outputs
    if op.is_dilated or (image.kernel_h, image.kernel_w) != (3, 3) or attrs.stride_w > 2 or outputs % 4:
        return False
    strips = -(-image.out_h // strip_of_fours(op).rows)
    cycles = fours_cycles(image, (attrs.stride_h, attrs.stride_w), strips)
    others = [plane_cycles(way) for way in op.images]
    return cycles < min(*others, PIXEL_CYCLES * pixel_instructions(image, outputs))
