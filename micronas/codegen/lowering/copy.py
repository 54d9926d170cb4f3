"""RESHAPE, SQUEEZE, EXPAND_DIMS: the bytes stay as they are."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext


def lower_copy(context: OpContext) -> Lowered:
    """One call of ``mn_copy_s8``, which does nothing when the planner put the output on the input."""
    x, y = context.activation(0), context.int8_output()
    if x.elements != y.elements:
        raise context.refuse(f"shape {x.shape} does not become {y.shape}")
    return Lowered(
        op_index=context.index,
        kernel="mn_copy_s8",
        header="mn_copy.h",
        params_type="mn_copy",
        params=(StructField("bytes", "int32_t", y.nbytes),),
        constants=(),
        arguments=(context.argument(0),),
        in_place=(0,),
        is_copy=True,
    )
