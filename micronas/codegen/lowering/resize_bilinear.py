"""RESIZE_BILINEAR: rows, columns and weights computed when the code is generated."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.fixed_point.bilinear import AxisWeights, axis_weights
from micronas.model.op_attributes import ResizeBilinear


def lower_resize_bilinear(context: OpContext) -> Lowered:
    """One call of ``mn_resize_bilinear_s8``."""
    attrs, x, y = context.op.attrs, context.activation(0), context.int8_output()
    assert isinstance(attrs, ResizeBilinear)
    sizes = (("in_w", x.shape[2]), ("out_h", y.shape[1]), ("out_w", y.shape[2]), ("channels", y.shape[3]))
    context.int16(x.shape[1], "in_h")
    fields = tuple(StructField(name, "int16_t", context.int16(size, name)) for name, size in sizes)
    return Lowered(
        op_index=context.index,
        kernel="mn_resize_bilinear_s8",
        header="mn_resize_bilinear.h",
        params_type="mn_resize_bilinear",
        params=(
            StructField("rows", "const mn_between *", Ref("rows")),
            StructField("columns", "const mn_between *", Ref("columns")),
            *fields,
        ),
        constants=(
            _constant("rows", axis_weights(x.shape[1], y.shape[1], attrs)),
            _constant("columns", axis_weights(x.shape[2], y.shape[2], attrs)),
        ),
        arguments=(context.argument(0),),
    )


def _constant(name: str, axis: AxisWeights) -> Constant:
    values = np.stack([axis.low, axis.high, axis.fraction], axis=1).astype(np.int16)
    return Constant(name, "mn_between", len(values), values)
