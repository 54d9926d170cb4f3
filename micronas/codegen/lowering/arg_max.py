"""ARG_MAX to int32."""

from __future__ import annotations

import math

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.graph import DType


def lower_arg_max(context: OpContext) -> Lowered:
    """One call of ``mn_arg_max_s8``."""
    shape = context.activation(0).shape
    if context.output().dtype is not DType.INT32:
        raise context.refuse(f"the output is {context.output().dtype.value}, not int32")
    axis = int(context.values(1).reshape(-1)[0]) % len(shape)
    return Lowered(
        op_index=context.index,
        kernel="mn_arg_max_s8",
        header="mn_arg_max.h",
        params_type="mn_arg_max",
        params=(
            StructField("outer", "int32_t", math.prod(shape[:axis])),
            StructField("depth", "int32_t", shape[axis]),
            StructField("inner", "int32_t", math.prod(shape[axis + 1 :])),
        ),
        constants=(),
        arguments=(context.argument(0),),
    )
