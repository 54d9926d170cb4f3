"""How 3x3 convolutions run faster with more scratch: by tiles of outputs, or a stem by rows of inputs.

Both read all windows of the rows that they take before they write these rows, so an overlap that is safe by
pairs of pixels is safe by them, too.
"""

from __future__ import annotations

from micronas.codegen.lowering import Swap, Tiles
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import Conv2D
from micronas.model.window import window_padding

_TILE_CHANNELS = range(8, 129, 4)
"""With fewer, transforms of tiles take more than their fewer multiplications save. With more, four times a
sum might not fit 32 bits.
"""
_TILE_FILL = 0.7
"""Least share of the outputs in quads of tiles that are outputs of the op."""


def tiles_of(context: OpContext) -> Tiles | None:
    """3x3 kernels with stride 1. Tiles go by whole rows, all of whose windows are read before: the overlap of
    pairs is safe.
    """
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    steps = (attrs.stride_h, attrs.stride_w, attrs.dilation_h, attrs.dilation_w)
    if w.shape[1:3] != (3, 3) or steps != (1, 1, 1, 1):
        return None
    in_c, out_c = x.shape[3], y.shape[3]
    if in_c not in _TILE_CHANNELS or out_c % 2 or out_c < _TILE_CHANNELS.start:
        return None
    return Tiles(
        kernel="mn_conv2d_tiles_dsp",
        params_type="mn_conv2d_tiles",
        member="conv",
        fixed_bytes=64 * in_c + max(512, 18 * in_c),
        quad_bytes=128 * in_c + 48,
        across=-(-y.shape[2] // 2),
        down=-(-y.shape[1] // 2),
        most_quads=int(y.shape[1] * y.shape[2] / (16 * _TILE_FILL)),
    )


_STEM_CHANNELS = 3
_PAIR_BYTES = 92
"""A pair of output channels in scratch: weights of five words for each row of the kernel, and two scales."""


def stem_of(context: OpContext) -> Swap | None:
    """3x3 kernels on three channels, from rows that are widened once.

    Rows need four windows of each alignment to a word: with a stride of 1, windows begin at both of its
    halves.
    """
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    if w.shape[1:] != (3, 3, _STEM_CHANNELS) or (attrs.dilation_h, attrs.dilation_w) != (1, 1):
        return None
    if max(attrs.stride_h, attrs.stride_w) > 2 or y.shape[3] % 2:
        return None
    out_w, alignments = y.shape[2], 2 if attrs.stride_w == 1 else 1
    if out_w < 4 * alignments:
        return None
    left = window_padding(x.shape[2], out_w, 3, attrs.stride_w)[0] * _STEM_CHANNELS
    last = left + left % 2 + _STEM_CHANNELS * (out_w - 1) * attrs.stride_w - left
    row_bytes = 4 * (last // 2 + 5)
    return Swap("mn_conv2d_stem_dsp", 3 * row_bytes + alignments * y.shape[3] // 2 * _PAIR_BYTES)
