"""Struct members that convolutions and pools share."""

from __future__ import annotations

from micronas.codegen.lowering import StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.graph import Tensor


def image_fields(context: OpContext, x: Tensor, y: Tensor) -> tuple[StructField, ...]:
    """in_h .. out_c of a struct; x and y are NHWC with batch 1."""
    if len(x.shape) != 4 or len(y.shape) != 4 or x.shape[0] != 1:
        raise context.refuse(f"input of shape {x.shape} is not one HWC image")
    names = ("in_h", "in_w", "in_c", "out_h", "out_w", "out_c")
    return tuple(
        StructField(name, "int16_t", context.int16(value, name))
        for name, value in zip(names, (*x.shape[1:], *y.shape[1:]), strict=True)
    )
