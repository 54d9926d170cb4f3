"""SOFTMAX."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.op_parameters import softmax_parameters
from micronas.model.op_attributes import Softmax

_LARGEST_DEPTH = 4095  # the sum of exponentials has 12 integer bits


def lower_softmax(context: OpContext) -> Lowered:
    """One call of ``mn_softmax_s8`` over the last dimension."""
    attrs = context.op.attrs
    assert isinstance(attrs, Softmax)
    x, depth = context.activation(0), context.int8_output().shape[-1]
    if depth > _LARGEST_DEPTH:
        raise context.refuse(f"{depth} classes, but the kernel's sum holds {_LARGEST_DEPTH}")
    factors = softmax_parameters(quant_of(context, x), attrs.beta)
    return Lowered(
        op_index=context.index,
        kernel="mn_softmax_s8",
        header="mn_softmax.h",
        params_type="mn_softmax",
        params=(
            StructField("rows", "int32_t", x.elements // depth),
            StructField("depth", "int32_t", depth),
            StructField("multiplier", "int32_t", factors.input.multiplier),
            StructField("shift", "int32_t", factors.input.shift),
            StructField("diff_min", "int32_t", factors.diff_min),
        ),
        constants=(),
        arguments=(context.argument(0),),
        in_place=(0,),
    )
