"""LOG_SOFTMAX."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.functions import exp_addends
from micronas.model.fixed_point.op_parameters import log_softmax_parameters

_LARGEST_DEPTH = 4095  # the sum of exponentials has 12 integer bits


def lower_log_softmax(context: OpContext) -> Lowered:
    """One call of ``mn_log_softmax_s8`` over the last dimension, with the 256 possible exponentials."""
    x, depth = context.activation(0), context.int8_output().shape[-1]
    if depth > _LARGEST_DEPTH:
        raise context.refuse(f"{depth} classes, but the kernel's sum holds {_LARGEST_DEPTH}")
    factors = log_softmax_parameters(quant_of(context, x))
    forward = factors.softmax.input
    addends = exp_addends(forward.multiplier, forward.shift, factors.softmax.diff_min)
    return Lowered(
        op_index=context.index,
        kernel="mn_log_softmax_s8",
        header="mn_log_softmax.h",
        params_type="mn_log_softmax",
        params=(
            StructField("addends", "const int32_t *", Ref("addends")),
            StructField("rows", "int32_t", x.elements // depth),
            StructField("depth", "int32_t", depth),
            StructField("multiplier", "int32_t", forward.multiplier),
            StructField("shift", "int32_t", forward.shift),
            StructField("diff_min", "int32_t", factors.softmax.diff_min),
            StructField("reverse_multiplier", "int32_t", factors.reverse.multiplier),
            StructField("reverse_shift", "int32_t", factors.reverse.shift),
        ),
        constants=(Constant("addends", "int32_t", 256, addends.astype(np.int32)),),
        arguments=(context.argument(0),),
        in_place=(0,),
    )
