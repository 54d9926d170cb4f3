"""PAD (with the zero point) and PADV2 (with a given value)."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of


def lower_pad(context: OpContext) -> Lowered:
    """One call of ``mn_pad_s8``."""
    x, y = context.activation(0), context.int8_output()
    value = quant_of(context, y).zero_point[0]
    if context.has_input(2):
        value = int(context.values(2).reshape(-1)[0])
    return _lower(context, x.shape, value)


def _lower(context: OpContext, shape: tuple[int, ...], value: int) -> Lowered:
    if len(shape) > 4:
        raise context.refuse(f"{len(shape)} dimensions, the kernel has 4")
    missing = 4 - len(shape)
    amounts = [(0, 0)] * missing + [(int(a), int(b)) for a, b in context.values(1)]
    before, after = (tuple(context.int16(pair[i], "padding") for pair in amounts) for i in (0, 1))
    extents = (1,) * missing + tuple(context.int16(d, "extent") for d in shape)
    return Lowered(
        op_index=context.index,
        kernel="mn_pad_s8",
        header="mn_pad.h",
        params_type="mn_pad",
        params=(
            StructField("in", "int16_t", extents),
            StructField("before", "int16_t", before),
            StructField("after", "int16_t", after),
            StructField("value", "int16_t", value),
        ),
        constants=(),
        arguments=(context.argument(0),),
    )
