"""PRELU with constant slopes."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.broadcast import broadcast_fields
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.op_parameters import product_requant, rescale_requant


def lower_prelu(context: OpContext) -> Lowered:
    """One call of ``mn_prelu_s8``."""
    x, alpha = quant_of(context, context.activation(0)), quant_of(context, context.constant(1))
    out = quant_of(context, context.int8_output())
    above, below = rescale_requant(x, out), product_requant(x, alpha, out)
    return Lowered(
        op_index=context.index,
        kernel="mn_prelu_s8",
        header="mn_prelu.h",
        params_type="mn_prelu",
        params=(
            *broadcast_fields(context),
            StructField("multiplier_above", "int32_t", above.multiplier),
            StructField("shift_above", "int32_t", above.shift),
            StructField("multiplier_below", "int32_t", below.multiplier),
            StructField("shift_below", "int32_t", below.shift),
            StructField("offset", "int16_t", -x.zero_point[0]),
            StructField("alpha_offset", "int16_t", -alpha.zero_point[0]),
            StructField("out_zero_point", "int16_t", out.zero_point[0]),
        ),
        constants=context.operand_constants(),
        arguments=(context.argument(0), context.argument(1)),
        in_place=(0,),
    )
