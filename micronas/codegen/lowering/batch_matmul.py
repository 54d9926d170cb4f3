"""BATCH_MATMUL."""

from __future__ import annotations

import math

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.op_parameters import matrix_product_requant
from micronas.model.op_attributes import BatchMatMul

_BATCH_RANK = 3


def lower_batch_matmul(context: OpContext) -> Lowered:
    """One call of ``mn_batch_matmul_s8``: both operands are read by steps, whichever way they lie."""
    attrs, y = context.op.attrs, context.int8_output()
    assert isinstance(attrs, BatchMatMul)
    first, second = context.input(0), context.input(1)
    quants = (quant_of(context, first), quant_of(context, second), quant_of(context, y))
    factor = matrix_product_requant(*quants)
    rows, columns = y.shape[-2:]
    depth = first.shape[-2] if attrs.adj_x else first.shape[-1]
    return Lowered(
        op_index=context.index,
        kernel="mn_batch_matmul_s8",
        header="mn_batch_matmul.h",
        params_type="mn_batch_matmul",
        params=(
            StructField("batches", "int32_t", _extents(y.shape)),
            StructField("batch_step1", "int32_t", _steps(first.shape)),
            StructField("batch_step2", "int32_t", _steps(second.shape)),
            StructField("rows", "int32_t", rows),
            StructField("depth", "int32_t", depth),
            StructField("columns", "int32_t", columns),
            StructField("row_step1", "int32_t", 1 if attrs.adj_x else depth),
            StructField("term_step1", "int32_t", rows if attrs.adj_x else 1),
            StructField("term_step2", "int32_t", 1 if attrs.adj_y else columns),
            StructField("column_step2", "int32_t", depth if attrs.adj_y else 1),
            StructField("multiplier", "int32_t", factor.multiplier),
            StructField("shift", "int32_t", factor.shift),
            StructField("offset1", "int16_t", -quants[0].zero_point[0]),
            StructField("offset2", "int16_t", -quants[1].zero_point[0]),
            StructField("out_zero_point", "int16_t", quants[2].zero_point[0]),
        ),
        constants=context.operand_constants(),
        arguments=(context.argument(0), context.argument(1)),
    )


def _extents(shape: tuple[int, ...]) -> tuple[int, ...]:
    batch = shape[:-2]
    return (1,) * (_BATCH_RANK - len(batch)) + batch


def _steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Elements from one matrix to the next along each batch dimension; 0 where an operand is repeated."""
    extents = _extents(shape)
    matrix = math.prod(shape[-2:])
    return tuple(0 if d == 1 else matrix * math.prod(extents[i + 1 :]) for i, d in enumerate(extents))
