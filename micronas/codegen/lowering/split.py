"""SPLIT and UNPACK into equal parts, SPLIT_V into parts of given sizes."""

from __future__ import annotations

import math

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import Unpack


def lower_split(context: OpContext) -> Lowered:
    """One call of ``mn_split_s8``, whose outputs come as one array of pointers."""
    axis = int(context.values(0).reshape(-1)[0]) % len(context.activation(1).shape)
    return _equal_parts(context, 1, axis)


def lower_unpack(context: OpContext) -> Lowered:
    """The same: the dimension that goes has one element in each part."""
    attrs = context.op.attrs
    assert isinstance(attrs, Unpack)
    return _equal_parts(context, 0, attrs.axis % len(context.activation(0).shape))


def lower_split_v(context: OpContext) -> Lowered:
    """One call of ``mn_split_v_s8``, whose outputs come as one array of pointers."""
    x = context.activation(0)
    axis = int(context.values(2).reshape(-1)[0]) % len(x.shape)
    runs = [math.prod(context.output(i).shape[axis:]) for i in range(len(context.op.outputs))]
    return Lowered(
        op_index=context.index,
        kernel="mn_split_v_s8",
        header="mn_split.h",
        params_type="mn_split_v",
        params=(
            StructField("run_bytes", "const int32_t *", Ref("run_bytes")),
            StructField("outputs", "int32_t", len(runs)),
            StructField("outer", "int32_t", math.prod(x.shape[:axis])),
        ),
        constants=(Constant("run_bytes", "int32_t", len(runs), np.array(runs, np.int32)),),
        arguments=(context.argument(0),),
        gathers_outputs=True,
    )


def _equal_parts(context: OpContext, position: int, axis: int) -> Lowered:
    x, outputs = context.activation(position), len(context.op.outputs)
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
        arguments=(context.argument(position),),
        gathers_outputs=True,
    )
