"""How 1x1 convolutions of few input channels run faster with more scratch: from inputs widened on the stack.

All inputs of four pixels are read before their outputs are written, in the order of the other 1x1 kernels, so
an overlap that is safe by pairs of pixels is safe by them, too.
"""

from __future__ import annotations

from micronas.codegen.lowering import Swap
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import Activation, Conv2D

_LEAST_PIXELS = 32
"""Weights are widened once per call; with fewer pixels, this takes more than it saves."""
_FROM_ZERO = (Activation.RELU, Activation.RELU6)
"""With these, the zero point of the output is -128, and sums end in two instructions if shifts allow it."""
_CHANNELS, _CHANNELS_BY_SHIFTS = range(4, 33, 4), range(4, 25, 4)
"""The longer ending of other sums has no room in the flash's cache of 1 KB beside the code for more."""


def few_of(context: OpContext) -> Swap | None:
    """1x1 kernels of few input channels, whose inputs of four pixels fit the stack.

    Rows with strides need whole quads. The choice is one by shapes and activation, never by trained values.
    """
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    in_c, out_c = x.shape[3], y.shape[3]
    if w.shape[1:] != (1, 1, in_c) or out_c % 2 or y.shape[1] * y.shape[2] < _LEAST_PIXELS:
        return None
    if in_c not in (_CHANNELS if attrs.activation in _FROM_ZERO else _CHANNELS_BY_SHIFTS):
        return None
    if max(attrs.stride_h, attrs.stride_w) > 1 and y.shape[2] % 4:
        return None
    return Swap("mn_conv2d_few_dsp", 2 * out_c * (in_c + 8) + 4 * out_c)
