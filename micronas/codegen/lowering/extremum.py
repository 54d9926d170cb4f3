"""MAXIMUM and MINIMUM."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.broadcast import broadcast_fields, in_place_operands
from micronas.codegen.lowering.operands import OpContext


def lower_maximum(context: OpContext) -> Lowered:
    """One call of ``mn_maximum_s8``."""
    return _lower(context, "mn_maximum_s8")


def lower_minimum(context: OpContext) -> Lowered:
    """One call of ``mn_minimum_s8``."""
    return _lower(context, "mn_minimum_s8")


def _lower(context: OpContext, kernel: str) -> Lowered:
    quant = context.int8_output().quant
    if any(context.input(i).quant != quant for i in (0, 1)):
        raise context.refuse("inputs and output differ in scale, and TFLite's kernel does not rescale")
    return Lowered(
        op_index=context.index,
        kernel=kernel,
        header="mn_extremum.h",
        params_type="mn_extremum",
        params=broadcast_fields(context),
        constants=context.operand_constants(),
        arguments=(context.argument(0), context.argument(1)),
        in_place=in_place_operands(context),
    )
