"""LOGISTIC, TANH, HARD_SWISH, RELU, RELU6, LEAKY_RELU: int8 -> int8 functions as tables."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.lookup_tables import lookup_table


def lower_table(context: OpContext) -> Lowered:
    """One call of ``mn_table_s8``; the table is TFLite's own arithmetic, evaluated for every input."""
    x, y = context.activation(0), context.int8_output()
    values = lookup_table(context.op.kind, quant_of(context, x), quant_of(context, y), context.op.attrs)
    return Lowered(
        op_index=context.index,
        kernel="mn_table_s8",
        header="mn_table.h",
        params_type="mn_table",
        params=(
            StructField("values", "const int8_t *", Ref("values")),
            StructField("count", "int32_t", y.elements),
        ),
        constants=(Constant("values", "int8_t", 256, values.astype(np.int8)),),
        arguments=(context.argument(0),),
        in_place=(0,),
    )
