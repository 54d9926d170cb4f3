"""How 1x1 convolutions of few input channels run faster with more scratch: from inputs widened on the stack.

All inputs of four pixels are read before their outputs are written, in the order of the other 1x1 kernels, so
an overlap that is safe by pairs of pixels is safe by them, too.
"""

from __future__ import annotations

from micronas.codegen.lowering import Swap
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import Conv2D

_FEW_CHANNELS = range(4, 33, 4)


def few_of(context: OpContext) -> Swap | None:
    """1x1 kernels of few input channels, whose inputs of four pixels fit the stack.

    Rows with strides need whole quads.
    """
    attrs, x, w, y = context.op.attrs, context.input(0), context.input(1), context.output()
    assert isinstance(attrs, Conv2D)
    in_c, out_c = x.shape[3], y.shape[3]
    if w.shape[1:] != (1, 1, in_c) or in_c not in _FEW_CHANNELS or out_c % 2:
        return None
    if max(attrs.stride_h, attrs.stride_w) > 1 and y.shape[2] % 4:
        return None
    return Swap("mn_conv2d_few_dsp", 2 * out_c * (in_c + 8) + 4 * out_c)
