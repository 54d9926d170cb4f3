"""The forms of a depthwise convolution: the call of each kernel, with its weights, scratch and overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, StructField
from micronas.codegen.lowering.channels import Channels, channel_constant
from micronas.codegen.lowering.depthwise_cost import plane_instructions
from micronas.codegen.lowering.depthwise_op import DepthwiseOp
from micronas.codegen.lowering.depthwise_strips import Strip, may_roll, strip_of_fours, strip_of_planes
from micronas.codegen.lowering.dsp import exact_finish, fast_scales
from micronas.codegen.lowering.operands import int8_constant, quant_of
from micronas.model.graph import Tensor

_EXACT = StructField("exact_finish", "int16_t", 1)
_NO_PLANE = (0, 0)


def by_planes(op: DepthwiseOp, *, least: bool = False) -> Lowered:
    """By strips of one channel, which begin with few rows of outputs, or, with ``least``, with one."""
    op = op.turned_for(plane_instructions)
    strip = strip_of_planes(op)
    if least and (may_roll(op.image) or not op.shrinks):
        strip = replace(strip, rows=1)
    return _in_strips(op, "mn_depthwise_dsp", strip, int8_constant("weights", op.weights))


def by_fours(op: DepthwiseOp) -> Lowered:
    """By strips of four channels, which begin with as many rows of outputs as fit the scratch of planes."""
    return _in_strips(op, "mn_depthwise_fours_dsp", strip_of_fours(op), _blocks_of_four(op.weights))


def _in_strips(op: DepthwiseOp, kernel: str, strip: Strip, weights: Constant) -> Lowered:
    channels, finish = _fast(op)
    return replace(
        _call(op, kernel, op.fields(strip.plane, finish), weights, channels),
        scratch_bytes=strip.scratch_bytes,
        in_place=(0,) if op.shrinks else (),
        blocks=strip.blocks,
    )


def by_pixels(op: DepthwiseOp) -> Lowered:
    """All channels of a pixel, four at a time."""
    channels, finish = _fast(op)
    weights = _blocks_of_four(op.weights)
    return replace(
        _call(op, "mn_depthwise_pixels_dsp", op.fields(_NO_PLANE, finish), weights, channels),
        scratch_bytes=4 * op.image.taps + op.context.input(0).shape[3],
        lead_bytes=op.lead_bytes(),
    )


def portable(op: DepthwiseOp) -> Lowered:
    """One channel after the other, on a plane."""
    op = op.turned_for(lambda image: image.rows)
    image, attrs = op.image, op.attrs
    plane_h = (image.out_h - 1) * attrs.stride_h + (image.kernel_h - 1) * attrs.dilation_h + 1
    plane_w = (image.out_w - 1) * attrs.stride_w + (image.kernel_w - 1) * attrs.dilation_w + 1
    fields = op.fields((plane_h, plane_w), _EXACT)
    return replace(
        _call(op, "mn_depthwise_s8", fields, int8_constant("weights", op.weights), op.channels),
        scratch_bytes=4 * image.taps + plane_h * plane_w,
        in_place=(0,) if op.shrinks else (),
    )


def direct(op: DepthwiseOp) -> Lowered:
    """Without scratch."""
    fields, weights = op.fields(_NO_PLANE, _EXACT), int8_constant("weights", op.weights)
    return replace(
        _call(op, "mn_depthwise_direct_s8", fields, weights, op.channels), lead_bytes=op.lead_bytes()
    )


def _fast(op: DepthwiseOp) -> tuple[Channels, StructField]:
    """Scales for the DSP kernels, and how their results are rounded."""
    out = quant_of(op.context, op.context.output())
    channels = fast_scales(op.channels, out.zero_point[0], op.clamp)
    return channels, exact_finish(channels, op.clamp)


def _blocks_of_four(w: Tensor) -> Constant:
    """Weights (blocks, taps, 4 channels); the last block ends with the last channel."""
    taps, channels = w.shape[1] * w.shape[2], w.shape[3]
    firsts = np.minimum(np.arange(0, channels, 4), channels - 4)
    if w.data is None:
        return Constant("weights", "int8_t", 4 * taps * firsts.size)
    blocks = [w.data.reshape(taps, channels)[:, first : first + 4] for first in firsts]
    return Constant("weights", "int8_t", 4 * taps * firsts.size, np.concatenate(blocks).reshape(-1))


def _call(
    op: DepthwiseOp, kernel: str, fields: tuple[StructField, ...], weights: Constant, channels: Channels
) -> Lowered:
    return Lowered(
        op_index=op.context.index,
        kernel=kernel,
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=fields,
        constants=(weights, channel_constant(channels)),
        arguments=(op.context.argument(0),),
    )
