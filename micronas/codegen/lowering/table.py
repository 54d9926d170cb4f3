"""LOGISTIC, TANH, HARD_SWISH, RELU, RELU6, LEAKY_RELU: int8 -> int8 functions as tables; also QUANTIZE."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.fixed_point.lookup_tables import byte_table


def lower_table(context: OpContext) -> Lowered:
    """One call of ``mn_table_s8``; the table is TFLite's own arithmetic, evaluated for every input."""
    context.activation(0)
    context.int8_output()
    return lower_bytes(context)


def lower_bytes(context: OpContext) -> Lowered:
    """The same for input and output of int8 or uint8, of whose bytes it is a table."""
    x, y = context.input(0), context.output()
    values = byte_table(context.op.kind, x, y, context.op.attrs)
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
