"""CONCATENATION and PACK of tensors in one scale."""

from __future__ import annotations

import math

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.graph import Tensor
from micronas.model.op_attributes import Activation, Concatenation, Pack


def lower_concatenation(context: OpContext) -> Lowered:
    """One call of ``mn_concat_s8``, whose inputs come as one array of pointers."""
    attrs, y = context.op.attrs, context.int8_output()
    assert isinstance(attrs, Concatenation)
    positions = range(len(context.op.inputs))
    out = quant_of(context, y)
    alike = all(quant_of(context, context.input(i)).alike(out) for i in positions)
    if not alike or attrs.activation is not Activation.NONE:
        raise context.refuse("the scales of inputs and output differ, or there is a fused activation")
    return _lowered(context, y, attrs.axis % len(y.shape))


def lower_pack(context: OpContext) -> Lowered:
    """The same: a tensor is one slice of the new dimension. The reader checks that the scales are equal."""
    attrs, y = context.op.attrs, context.int8_output()
    assert isinstance(attrs, Pack)
    return _lowered(context, y, attrs.axis % len(y.shape))


def _lowered(context: OpContext, y: Tensor, axis: int) -> Lowered:
    positions = range(len(context.op.inputs))
    runs = [math.prod(context.input(i).shape[axis:]) for i in positions]
    return Lowered(
        op_index=context.index,
        kernel="mn_concat_s8",
        header="mn_concat.h",
        params_type="mn_concat",
        params=(
            StructField("run_bytes", "const int32_t *", Ref("run_bytes")),
            StructField("inputs", "int32_t", len(runs)),
            StructField("outer", "int32_t", math.prod(y.shape[:axis])),
        ),
        constants=(
            Constant("run_bytes", "int32_t", len(runs), np.array(runs, np.int32)),
            *context.operand_constants(),
        ),
        arguments=tuple(context.argument(i) for i in positions),
        gathers_inputs=True,
    )
