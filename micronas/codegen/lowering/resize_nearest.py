"""RESIZE_NEAREST_NEIGHBOR: rows and columns picked when the code is generated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import ResizeNearest


def lower_resize_nearest(context: OpContext) -> Lowered:
    """One call of ``mn_resize_nearest_s8``."""
    attrs, x, y = context.op.attrs, context.activation(0), context.int8_output()
    assert isinstance(attrs, ResizeNearest)
    return Lowered(
        op_index=context.index,
        kernel="mn_resize_nearest_s8",
        header="mn_resize_nearest.h",
        params_type="mn_resize_nearest",
        params=(
            StructField("rows", "const int16_t *", Ref("rows")),
            StructField("columns", "const int16_t *", Ref("columns")),
            StructField("in_w", "int16_t", context.int16(x.shape[2], "in_w")),
            StructField("out_h", "int16_t", context.int16(y.shape[1], "out_h")),
            StructField("out_w", "int16_t", context.int16(y.shape[2], "out_w")),
            StructField("channels", "int16_t", context.int16(y.shape[3], "channels")),
        ),
        constants=(
            Constant("rows", "int16_t", y.shape[1], _nearest(x.shape[1], y.shape[1], attrs)),
            Constant("columns", "int16_t", y.shape[2], _nearest(x.shape[2], y.shape[2], attrs)),
        ),
        arguments=(context.argument(0),),
    )


def _nearest(size: int, outputs: int, attrs: ResizeNearest) -> npt.NDArray[np.int16]:
    """The input position of each output position, by TFLite's float32 arithmetic."""
    scale = np.float32(size) / np.float32(outputs)
    if attrs.align_corners and outputs > 1:
        scale = np.float32(size - 1) / np.float32(outputs - 1)
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    positions = (np.arange(outputs, dtype=np.float32) + offset) * scale
    half = 0.5 if attrs.align_corners else 0.0
    whole = np.floor(positions.astype(np.float64) + half)
    return np.array(np.clip(whole, 0, size - 1), np.int16)
