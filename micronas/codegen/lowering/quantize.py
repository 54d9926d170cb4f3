"""QUANTIZE (from float, or between int8 and uint8 as a table) and DEQUANTIZE (to float)."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.codegen.lowering.table import lower_bytes
from micronas.model.graph import DType, Quant


def lower_quantize(context: OpContext) -> Lowered:
    """One call of ``mn_quantize_f32``, or of ``mn_table_s8`` between int8 and uint8 tensors."""
    if context.input(0).dtype is not DType.FLOAT32:
        return lower_bytes(context)
    return _lower(context, "mn_quantize_f32", quant_of(context, context.int8_output()))


def lower_dequantize(context: OpContext) -> Lowered:
    """One call of ``mn_dequantize_s8``."""
    return _lower(context, "mn_dequantize_s8", quant_of(context, context.activation(0)))


def _lower(context: OpContext, kernel: str, quant: Quant) -> Lowered:
    return Lowered(
        op_index=context.index,
        kernel=kernel,
        header="mn_quantize.h",
        params_type="mn_quantize",
        params=(
            StructField("scale", "float", quant.scale[0]),
            StructField("zero_point", "int32_t", quant.zero_point[0]),
            StructField("count", "int32_t", context.output().elements),
        ),
        constants=(),
        arguments=(context.argument(0),),
    )
