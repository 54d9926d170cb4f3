"""Graph -> one ``Lowered`` per op, in order. The table below lists the ops with code generation."""

from __future__ import annotations

from collections.abc import Callable

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.add import lower_add, lower_sub
from micronas.codegen.lowering.arg_max import lower_arg_max
from micronas.codegen.lowering.batch_matmul import lower_batch_matmul
from micronas.codegen.lowering.concatenation import lower_concatenation, lower_pack
from micronas.codegen.lowering.conv2d import lower_conv2d
from micronas.codegen.lowering.copy import lower_copy
from micronas.codegen.lowering.depthwise_conv2d import lower_depthwise_conv2d
from micronas.codegen.lowering.extremum import lower_maximum, lower_minimum
from micronas.codegen.lowering.fully_connected import lower_fully_connected
from micronas.codegen.lowering.kept import lowered_op
from micronas.codegen.lowering.log_softmax import lower_log_softmax
from micronas.codegen.lowering.move import lower_reverse, lower_strided_slice, lower_tile, lower_transpose
from micronas.codegen.lowering.mul import lower_mul
from micronas.codegen.lowering.operands import OpContext
from micronas.codegen.lowering.pad import lower_pad
from micronas.codegen.lowering.pool2d import lower_average_pool, lower_max_pool
from micronas.codegen.lowering.prelu import lower_prelu
from micronas.codegen.lowering.quantize import lower_dequantize, lower_quantize
from micronas.codegen.lowering.recurrent import lower_sequence_lstm, lower_svdf
from micronas.codegen.lowering.reduce import lower_mean, lower_reduce_max, lower_sum
from micronas.codegen.lowering.resize_bilinear import lower_resize_bilinear
from micronas.codegen.lowering.resize_nearest import lower_resize_nearest
from micronas.codegen.lowering.softmax import lower_softmax
from micronas.codegen.lowering.split import lower_split, lower_split_v, lower_unpack
from micronas.codegen.lowering.table import lower_table
from micronas.codegen.lowering.transpose_conv import lower_transpose_conv
from micronas.codegen.lowering.variable import lower_assign_variable, lower_read_variable
from micronas.errors import ModelError
from micronas.model.graph import Graph

LOWERINGS: dict[str, Callable[[OpContext], Lowered]] = {
    "ADD": lower_add,
    "ARG_MAX": lower_arg_max,
    "ASSIGN_VARIABLE": lower_assign_variable,
    "AVERAGE_POOL_2D": lower_average_pool,
    "BATCH_MATMUL": lower_batch_matmul,
    "CONCATENATION": lower_concatenation,
    "CONV_2D": lower_conv2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv2d,
    "DEQUANTIZE": lower_dequantize,
    "ELU": lower_table,
    "EXPAND_DIMS": lower_copy,
    "FULLY_CONNECTED": lower_fully_connected,
    "GELU": lower_table,
    "HARD_SWISH": lower_table,
    "LEAKY_RELU": lower_table,
    "LOGISTIC": lower_table,
    "LOG_SOFTMAX": lower_log_softmax,
    "MAXIMUM": lower_maximum,
    "MAX_POOL_2D": lower_max_pool,
    "MEAN": lower_mean,
    "MINIMUM": lower_minimum,
    "MUL": lower_mul,
    "PACK": lower_pack,
    "PAD": lower_pad,
    "PADV2": lower_pad,
    "PRELU": lower_prelu,
    "QUANTIZE": lower_quantize,
    "READ_VARIABLE": lower_read_variable,
    "REDUCE_MAX": lower_reduce_max,
    "RELU": lower_table,
    "RELU6": lower_table,
    "RESHAPE": lower_copy,
    "RESIZE_BILINEAR": lower_resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": lower_resize_nearest,
    "REVERSE_V2": lower_reverse,
    "SOFTMAX": lower_softmax,
    "SPLIT": lower_split,
    "SPLIT_V": lower_split_v,
    "SQUEEZE": lower_copy,
    "STRIDED_SLICE": lower_strided_slice,
    "SUB": lower_sub,
    "SUM": lower_sum,
    "SVDF": lower_svdf,
    "TANH": lower_table,
    "TILE": lower_tile,
    "TRANSPOSE": lower_transpose,
    "TRANSPOSE_CONV": lower_transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lower_sequence_lstm,
    "UNPACK": lower_unpack,
}


_WITH_CHOICE = ("DEPTHWISE_CONV_2D",)
"""Ops that have kernels of less scratch than the fastest."""


def lower_with_least_scratch(graph: Graph, core: Core, fastest: tuple[Lowered, ...]) -> tuple[Lowered, ...]:
    """``lower_graph`` for a target of ``least_scratch``; ``fastest`` is the graph lowered without."""
    target = Target(core, least_scratch=True)
    return tuple(
        lowered_op(OpContext(graph, i, target), LOWERINGS[op.kind]) if op.kind in _WITH_CHOICE else low
        for i, (op, low) in enumerate(zip(graph.ops, fastest, strict=True))
    )


def lower_without_scratch(graph: Graph, core: Core, lowered: tuple[Lowered, ...]) -> tuple[Lowered, ...]:
    """``lowered``, the graph lowered for ``core``, with each op that takes scratch by a kernel without."""
    target = Target(core, no_scratch=True)
    return tuple(
        lowered_op(OpContext(graph, i, target), LOWERINGS[op.kind]) if low.scratch_bytes else low
        for i, (op, low) in enumerate(zip(graph.ops, lowered, strict=True))
    )


def lower_graph(graph: Graph, target: Target) -> tuple[Lowered, ...]:
    """The kernel calls of ``graph`` on ``target``; raises ``ModelError`` with every op that has no kernel."""
    missing = [f"op {i} {op.kind}" for i, op in enumerate(graph.ops) if op.kind not in LOWERINGS]
    if missing:
        raise ModelError(
            f"{graph.name}: no kernel for {', '.join(missing)}",
            remedy=f"ops with kernels: {', '.join(sorted(LOWERINGS))}",
        )
    return tuple(
        lowered_op(OpContext(graph, i, target), LOWERINGS[op.kind]) for i, op in enumerate(graph.ops)
    )
