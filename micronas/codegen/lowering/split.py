"""SPLIT into equal parts."""

from __future__ import annotations

import math

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext


def lower_split(context: OpContext) -> Lowered:
    """One call of ``mn_split_s8``, whose outputs come as one array of pointers."""
    x, outputs = context.activation(1), len(context.op.outputs)
    axis = int(context.values(0).reshape(-1)[0]) % len(x.shape)
    return Lowered(
        op_index=context.index,
        kernel="mn_split_s8",
        header="mn_split.h",
        params_type="mn_split",
        params=(
            StructField("outputs", "int32_t", outputs),
            StructField("outer", "int32_t", math.prod(x.shape[:axis])),
            StructField("run_bytes", "int32_t", math.prod(x.shape[axis:]) // outputs),
        ),
        constants=(),
        arguments=(context.argument(1),),
        gathers_outputs=True,
    )
