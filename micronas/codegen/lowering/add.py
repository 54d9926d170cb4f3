"""ADD and SUB."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField, Swap
from micronas.codegen.lowering.broadcast import broadcast_fields, in_place_operands
from micronas.codegen.lowering.dsp import LARGEST_RIGHT_SHIFT
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.multiplier import INT8_MAX, INT8_MIN, activation_range
from micronas.model.fixed_point.op_parameters import Requant, SumParameters, sum_parameters
from micronas.model.op_attributes import Binary

_TABLE_BYTES = 4 * 256
_FEWEST_ELEMENTS = 512
"""Filling the table takes as long as some 300 elements without it."""


def lower_add(context: OpContext) -> Lowered:
    """One call of ``mn_add_s8``."""
    return _lower(context, subtract=0)


def lower_sub(context: OpContext) -> Lowered:
    """One call of ``mn_add_s8`` with the second operand subtracted."""
    return _lower(context, subtract=1)


def _lower(context: OpContext, subtract: int) -> Lowered:
    attrs = context.op.attrs
    assert isinstance(attrs, Binary)
    quant1, quant2 = quant_of(context, context.input(0)), quant_of(context, context.input(1))
    out = quant_of(context, context.int8_output())
    factors = sum_parameters(quant1, quant2, out)
    low, high = activation_range(attrs.activation, out)
    kernel = _kernel(context, subtract, factors, (low, high))
    return Lowered(
        op_index=context.index,
        kernel=kernel,
        header="mn_add.h",
        params_type="mn_add",
        params=(
            *broadcast_fields(context),
            StructField("multiplier1", "int32_t", factors.input1.multiplier),
            StructField("multiplier2", "int32_t", factors.input2.multiplier),
            StructField("out_multiplier", "int32_t", factors.output.multiplier),
            StructField("offset1", "int16_t", -quant1.zero_point[0]),
            StructField("offset2", "int16_t", -quant2.zero_point[0]),
            StructField("out_zero_point", "int16_t", out.zero_point[0]),
            StructField("shift1", "int16_t", factors.input1.shift),
            StructField("shift2", "int16_t", factors.input2.shift),
            StructField("out_shift", "int16_t", factors.output.shift),
            StructField("subtract", "int16_t", subtract),
            StructField("out_min", "int16_t", low),
            StructField("out_max", "int16_t", high),
        ),
        constants=context.operand_constants(),
        arguments=(context.argument(0), context.argument(1)),
        in_place=in_place_operands(context),
        blocks=_with_table(kernel, context.output().elements),
    )


def _with_table(kernel: str, elements: int) -> Swap | None:
    """The kernel that scales each value of one operand once: it pays where there are far more elements."""
    if kernel == "mn_add_s8" or elements < _FEWEST_ELEMENTS:
        return None
    return Swap("mn_add_table_dsp", _TABLE_BYTES)


def _kernel(context: OpContext, subtract: int, factors: SumParameters, clamp: tuple[int, int]) -> str:
    """The DSP forms add tensors of one shape; TFLite halves the operand of the larger scale exactly."""
    plain = context.input(0).shape == context.input(1).shape == context.output().shape and not subtract
    short = clamp == (INT8_MIN, INT8_MAX) and -LARGEST_RIGHT_SHIFT <= factors.output.shift <= -1
    halved = Requant(2**30, 0)
    if not (context.target.core.has_dsp and plain and short and halved in (factors.input1, factors.input2)):
        return "mn_add_s8"
    if factors.input1 == factors.input2:
        return "mn_add_equal_dsp"
    smaller = factors.input2 if factors.input1 == halved else factors.input1
    return "mn_add_dsp" if -LARGEST_RIGHT_SHIFT <= smaller.shift <= -1 else "mn_add_s8"
