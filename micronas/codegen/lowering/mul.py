"""MUL."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.broadcast import broadcast_fields, in_place_operands
from micronas.codegen.lowering.dsp import LARGEST_RIGHT_SHIFT
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.multiplier import INT8_MAX, INT8_MIN, activation_range
from micronas.model.fixed_point.op_parameters import product_requant
from micronas.model.op_attributes import Binary


def lower_mul(context: OpContext) -> Lowered:
    """One call of ``mn_mul_s8``, or of ``mn_mul_dsp`` where the short requantization is exact."""
    attrs = context.op.attrs
    assert isinstance(attrs, Binary)
    quant1, quant2 = quant_of(context, context.input(0)), quant_of(context, context.input(1))
    out = quant_of(context, context.int8_output())
    factor = product_requant(quant1, quant2, out)
    low, high = activation_range(attrs.activation, out)
    short = (low, high) == (INT8_MIN, INT8_MAX) and -LARGEST_RIGHT_SHIFT <= factor.shift <= -1
    return Lowered(
        op_index=context.index,
        kernel="mn_mul_dsp" if context.target.core.has_dsp and short else "mn_mul_s8",
        header="mn_mul.h",
        params_type="mn_mul",
        params=(
            *broadcast_fields(context),
            StructField("multiplier", "int32_t", factor.multiplier),
            StructField("shift", "int32_t", factor.shift),
            StructField("offset1", "int16_t", -quant1.zero_point[0]),
            StructField("offset2", "int16_t", -quant2.zero_point[0]),
            StructField("out_zero_point", "int16_t", out.zero_point[0]),
            StructField("out_min", "int16_t", low),
            StructField("out_max", "int16_t", high),
        ),
        constants=context.operand_constants(),
        arguments=(context.argument(0), context.argument(1)),
        in_place=in_place_operands(context),
    )
