"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.codegen.lowering import Bands, Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.blocks import equal_parts
from micronas.codegen.lowering.channels import Channels, channel_constant, channels_of, require_symmetric
from micronas.codegen.lowering.depthwise_cost import (
    PIXEL_CYCLES,
    PlaneGeometry,
    fours_cycles,
    pixel_instructions,
    plane_cycles,
    plane_instructions,
)
from micronas.codegen.lowering.dsp import exact_finish, fast_scales
from micronas.codegen.lowering.operands import OpContext, int8_constant, quant_of
from micronas.codegen.lowering.overlap import Steps, WindowAxis, window_lead
from micronas.model.fixed_point.multiplier import activation_range, conv_multipliers
from micronas.model.graph import Tensor
from micronas.model.op_attributes import DepthwiseConv2D
from micronas.model.window import window_padding

MIN_ROWS, MIN_BYTES = 4, 1024
"""A strip has at least ``MIN_ROWS`` rows of outputs, and more as long as they fit ``MIN_BYTES`` of
scratch.
"""

FOURS_BYTES = 256
"""Scratch that strips of four channels may take in any case."""

_EXACT = StructField("exact_finish", "int16_t", 1)


def lower_depthwise_conv2d(context: OpContext) -> Lowered:
    """One call of ``mn_depthwise_dsp``, ``mn_depthwise_fours_dsp``, ``mn_depthwise_pixels_dsp``,
    ``mn_depthwise_s8`` or ``mn_depthwise_direct_s8``.
    """
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
    if context.target.no_scratch:
        return _direct(context, attrs, channels)
    if not context.target.core.has_dsp:
        return _portable(context, attrs, channels)
    dilated = (attrs.dilation_h, attrs.dilation_w) != (1, 1)
    if context.target.least_scratch:
        return _least_scratch(context, attrs, channels, dilated=dilated)
    if attrs.depth_multiplier == 1 and outputs >= 4:
        image = _image(context)
        if not dilated and _is_by_fours(context, attrs, image):
            return _fours(context, attrs, channels)
        planes = min(plane_instructions(way) for way in _ways(context, image))
        if dilated or pixel_instructions(image, outputs) < planes:
            return _pixels(context, attrs, channels)
    return _portable(context, attrs, channels) if dilated else _planes(context, attrs, channels)


def _least_scratch(
    context: OpContext, attrs: DepthwiseConv2D, channels: Channels, *, dilated: bool
) -> Lowered:
    """The form with the least scratch; of equal ones the first, which is the faster."""
    forms = [] if dilated else [_planes(context, attrs, channels, least=True)]
    if attrs.depth_multiplier == 1 and channels.outputs >= 4:
        forms.append(_pixels(context, attrs, channels))
    return min([*forms, _portable(context, attrs, channels)], key=lambda form: form.scratch_bytes)


def _portable(context: OpContext, attrs: DepthwiseConv2D, channels: Channels) -> Lowered:
    w, image = context.input(1), _image(context)
    if min(_ways(context, image), key=lambda way: way.rows) is not image:
        w, image, attrs = _turned(w, image, attrs)
    plane_h = (image.out_h - 1) * attrs.stride_h + (image.kernel_h - 1) * attrs.dilation_h + 1
    plane_w = (image.out_w - 1) * attrs.stride_w + (image.kernel_w - 1) * attrs.dilation_w + 1
    fields = _fields(context, attrs, image), _plane_fields(context, image, (plane_h, plane_w), _EXACT)
    scratch_bytes = 4 * image.kernel_h * image.kernel_w + plane_h * plane_w
    return _lowered(context, "mn_depthwise_s8", fields, w, channels, scratch_bytes)


def _planes(
    context: OpContext, attrs: DepthwiseConv2D, channels: Channels, *, least: bool = False
) -> Lowered:
    """By strips, which begin with few rows of outputs, or, with ``least``, with one."""
    w, image = context.input(1), _image(context)
    if min(_ways(context, image), key=plane_instructions) is not image:
        w, image, attrs = _turned(w, image, attrs)
    out = quant_of(context, context.output())
    clamp = activation_range(attrs.activation, out)
    channels = fast_scales(channels, out.zero_point[0], clamp)
    bands, rows, plane_w = _strip_of_planes(image, attrs)
    if least and (_may_roll(image) or not _shrinks(context)):
        rows = 1
    plane = _plane_fields(context, image, (bands.plane_h(rows), plane_w), exact_finish(channels, clamp))
    fields = _fields(context, attrs, image), plane
    low = _lowered(context, "mn_depthwise_dsp", fields, w, channels, bands.scratch_bytes(rows))
    return replace(low, blocks=bands if rows < image.out_h else None)


def _strip_of_planes(image: PlaneGeometry, attrs: DepthwiseConv2D) -> tuple[Bands, int, int]:
    """What a strip takes, its rows of outputs to begin with, and its width."""
    words = image.kernel_w // 2 + 1
    last_pair = (-(-image.out_w // 2) - 1) * 2 * attrs.stride_w
    plane_w = last_pair + 2 * (attrs.stride_w // 2 + words)
    bands = _bands(image, attrs, plane_w, 8 * image.kernel_h * words)
    return bands, _fewest_rows(bands) if _may_roll(image) else image.out_h, plane_w


def _is_by_fours(context: OpContext, attrs: DepthwiseConv2D, image: PlaneGeometry) -> bool:
    """Whether four channels at a time are possible, and faster than one on a plane."""
    if (image.kernel_h, image.kernel_w) != (3, 3) or attrs.stride_w > 2 or context.output().shape[3] % 4:
        return False
    _, rows, _ = _strip_of_fours(context, attrs)
    cycles = fours_cycles(image, (attrs.stride_h, attrs.stride_w), -(-image.out_h // rows))
    others = [plane_cycles(way) for way in _ways(context, image)]
    others.append(PIXEL_CYCLES * pixel_instructions(image, context.output().shape[3]))
    return cycles < min(others)


def _strip_of_fours(context: OpContext, attrs: DepthwiseConv2D) -> tuple[Bands, int, int]:
    """The same of a strip of four channels, which begins with what fits the scratch of planes."""
    image = _image(context)
    plane_w = (image.out_w - 1) * attrs.stride_w + image.kernel_w
    bands = Bands(
        fixed_bytes=4 * plane_w * (image.kernel_h - attrs.stride_h),
        row_bytes=4 * plane_w * attrs.stride_h,
        most_rows=image.out_h,
        stride=attrs.stride_h,
        kernel_h=image.kernel_h,
    )
    way = min(_ways(context, image), key=plane_instructions)
    of_planes, rows, _ = _strip_of_planes(way, attrs if way is image else _turned_attrs(attrs))
    room = max(FOURS_BYTES, of_planes.scratch_bytes(rows)) - bands.fixed_bytes
    return bands, equal_parts(image.out_h, min(max(1, room // bands.row_bytes), image.out_h)), plane_w


def _fours(context: OpContext, attrs: DepthwiseConv2D, channels: Channels) -> Lowered:
    """By strips of four channels, which begin with as many rows of outputs as fit the scratch of planes."""
    image, out = _image(context), quant_of(context, context.output())
    clamp = activation_range(attrs.activation, out)
    channels = fast_scales(channels, out.zero_point[0], clamp)
    bands, rows, plane_w = _strip_of_fours(context, attrs)
    plane = _plane_fields(context, image, (bands.plane_h(rows), plane_w), exact_finish(channels, clamp))
    return Lowered(
        op_index=context.index,
        kernel="mn_depthwise_fours_dsp",
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=(*_fields(context, attrs, image), *plane),
        constants=(_blocks_of_four(context.input(1)), channel_constant(channels)),
        arguments=(context.argument(0),),
        scratch_bytes=bands.scratch_bytes(rows),
        in_place=(0,) if _shrinks(context) else (),
        blocks=bands if rows < image.out_h else None,
    )


def _bands(image: PlaneGeometry, attrs: DepthwiseConv2D, plane_w: int, weight_bytes: int) -> Bands:
    return Bands(
        fixed_bytes=2 * plane_w * (image.kernel_h - attrs.stride_h) + weight_bytes,
        row_bytes=2 * plane_w * attrs.stride_h,
        most_rows=image.out_h,
        stride=attrs.stride_h,
        kernel_h=image.kernel_h,
    )


def _fewest_rows(bands: Bands) -> int:
    """A small strip: with less, little memory is saved and rows are moved and set up too often."""
    roomy = (MIN_BYTES - bands.fixed_bytes) // bands.row_bytes
    return equal_parts(bands.most_rows, min(bands.most_rows, max(MIN_ROWS, roomy)))


def _may_roll(image: PlaneGeometry) -> bool:
    """Whether rows of outputs never lie on rows of inputs below them, were both to start at the same byte.

    An output that never takes over its input's memory may roll in any case.
    """
    return image.x_column == image.y_column and image.y_row <= image.x_row


def _pixels(context: OpContext, attrs: DepthwiseConv2D, channels: Channels) -> Lowered:
    x, w = context.input(0), context.input(1)
    image, out = _image(context), quant_of(context, context.output())
    clamp = activation_range(attrs.activation, out)
    channels = fast_scales(channels, out.zero_point[0], clamp)
    planes = _plane_fields(context, image, (0, 0), exact_finish(channels, clamp))
    return Lowered(
        op_index=context.index,
        kernel="mn_depthwise_pixels_dsp",
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=(*_fields(context, attrs, image), *planes),
        constants=(_blocks_of_four(w), channel_constant(channels)),
        arguments=(context.argument(0),),
        scratch_bytes=4 * image.taps + x.shape[3],
        lead_bytes=_lead(context, attrs, image),
    )


def _direct(context: OpContext, attrs: DepthwiseConv2D, channels: Channels) -> Lowered:
    """Without scratch."""
    image = _image(context)
    return Lowered(
        op_index=context.index,
        kernel="mn_depthwise_direct_s8",
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=(*_fields(context, attrs, image), *_plane_fields(context, image, (0, 0), _EXACT)),
        constants=(int8_constant("weights", context.input(1)), channel_constant(channels)),
        arguments=(context.argument(0),),
        lead_bytes=_lead(context, attrs, image),
    )


def _lead(context: OpContext, attrs: DepthwiseConv2D, image: PlaneGeometry) -> int | None:
    """Of the forms that write a pixel while they read its window."""
    vertical = WindowAxis(image.in_h, image.out_h, image.kernel_h, attrs.stride_h, attrs.dilation_h)
    horizontal = WindowAxis(image.in_w, image.out_w, image.kernel_w, attrs.stride_w, attrs.dilation_w)
    return window_lead(context.input(0), context.output(), vertical, horizontal, Steps(1, buffered=False))


def _blocks_of_four(w: Tensor) -> Constant:
    """Weights (blocks, taps, 4 channels); the last block ends with the last channel."""
    taps, channels = w.shape[1] * w.shape[2], w.shape[3]
    firsts = np.minimum(np.arange(0, channels, 4), channels - 4)
    if w.data is None:
        return Constant("weights", "int8_t", 4 * taps * firsts.size)
    blocks = [w.data.reshape(taps, channels)[:, first : first + 4] for first in firsts]
    return Constant("weights", "int8_t", 4 * taps * firsts.size, np.concatenate(blocks).reshape(-1))


def _ways(context: OpContext, image: PlaneGeometry) -> tuple[PlaneGeometry, ...]:
    """The image as it is and, where that is allowed, with rows and columns exchanged."""
    return (image,) if context.target.upright else (image, image.turned())


def _turned(
    w: Tensor, image: PlaneGeometry, attrs: DepthwiseConv2D
) -> tuple[Tensor, PlaneGeometry, DepthwiseConv2D]:
    """Everything with rows and columns exchanged."""
    data = None if w.data is None else np.ascontiguousarray(w.data.transpose(0, 2, 1, 3))
    turned_weights = replace(w, shape=(1, *w.shape[2:0:-1], w.shape[3]), data=data)
    return turned_weights, image.turned(), _turned_attrs(attrs)


def _turned_attrs(attrs: DepthwiseConv2D) -> DepthwiseConv2D:
    return replace(
        attrs,
        stride_h=attrs.stride_w,
        stride_w=attrs.stride_h,
        dilation_h=attrs.dilation_w,
        dilation_w=attrs.dilation_h,
    )


def _lowered(
    context: OpContext,
    kernel: str,
    fields: tuple[tuple[StructField, ...], tuple[StructField, ...]],
    w: Tensor,
    channels: Channels,
    scratch_bytes: int,
) -> Lowered:
    return Lowered(
        op_index=context.index,
        kernel=kernel,
        header="mn_depthwise.h",
        params_type="mn_depthwise",
        params=(*fields[0], *fields[1]),
        constants=(int8_constant("weights", w), channel_constant(channels)),
        arguments=(context.argument(0),),
        scratch_bytes=scratch_bytes,
        in_place=(0,) if _shrinks(context) else (),
    )


def _shrinks(context: OpContext) -> bool:
    """Whether the output may take over the input's memory."""
    x, y = context.input(0), context.output()
    return x.shape[3] == y.shape[3] and y.elements <= x.elements


def _image(context: OpContext) -> PlaneGeometry:
    x, w, y = context.input(0), context.input(1), context.output()
    return PlaneGeometry(
        *(x.shape[1], x.shape[2], y.shape[1], y.shape[2], w.shape[1], w.shape[2]),
        *(x.shape[2] * x.shape[3], x.shape[3], y.shape[2] * y.shape[3], y.shape[3]),
    )


def _plane_fields(
    context: OpContext, image: PlaneGeometry, plane: tuple[int, int], finish: StructField
) -> tuple[StructField, ...]:
    """The members of ``mn_depthwise`` for planes and steps."""
    return (
        StructField("plane_h", "int16_t", context.int16(plane[0], "plane_h")),
        StructField("plane_w", "int16_t", context.int16(plane[1], "plane_w")),
        finish,
        StructField("x_row", "int32_t", image.x_row),
        StructField("x_column", "int32_t", image.x_column),
        StructField("y_row", "int32_t", image.y_row),
        StructField("y_column", "int32_t", image.y_column),
    )


def _fields(context: OpContext, attrs: DepthwiseConv2D, image: PlaneGeometry) -> tuple[StructField, ...]:
    """The members of ``mn_depthwise`` for sizes and the output's range."""
    x, y = context.input(0), context.output()
    low, high = activation_range(attrs.activation, quant_of(context, y))
    vertical = (image.in_h, image.out_h, image.kernel_h, attrs.stride_h, attrs.dilation_h)
    horizontal = (image.in_w, image.out_w, image.kernel_w, attrs.stride_w, attrs.dilation_w)
    sizes = {
        "in_h": image.in_h,
        "in_w": image.in_w,
        "in_c": x.shape[3],
        "out_h": image.out_h,
        "out_w": image.out_w,
        "out_c": y.shape[3],
        "kernel_h": image.kernel_h,
        "kernel_w": image.kernel_w,
        "stride_h": attrs.stride_h,
        "stride_w": attrs.stride_w,
        "dilation_h": attrs.dilation_h,
        "dilation_w": attrs.dilation_w,
        "pad_top": window_padding(*vertical)[0],
        "pad_left": window_padding(*horizontal)[0],
        "multiplier": attrs.depth_multiplier,
    }
    return (
        StructField("weights", "const int8_t *", Ref("weights")),
        StructField("channels", "const mn_channel *", Ref("channels")),
        *(StructField(name, "int16_t", context.int16(value, name)) for name, value in sizes.items()),
        StructField("in_zero_point", "int16_t", quant_of(context, x).zero_point[0]),
        StructField("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
        StructField("out_min", "int16_t", low),
        StructField("out_max", "int16_t", high),
    )
