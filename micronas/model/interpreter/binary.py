"""ADD, SUB, MUL, MAXIMUM, MINIMUM with broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from micronas.model.fixed_point.multiplier import activation_range, multiply_by_quantized_multiplier
from micronas.model.fixed_point.op_parameters import Requant, product_requant, sum_parameters
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, output_tensor, quant_of
from micronas.model.interpreter.requantize import OutputStage
from micronas.model.op_attributes import Binary


def prepare_sum(graph: Graph, op: Op) -> Kernel:
    """ADD and SUB: both inputs on a common scale with 20 more bits, then one rescaling."""
    quants = (quant_of(input_tensor(graph, op, 0)), quant_of(input_tensor(graph, op, 1)))
    parameters = sum_parameters(*quants, quant_of(output_tensor(graph, op)))
    stage = _stage(graph, op, parameters.output)
    sign = 1 if op.kind == "ADD" else -1
    # Every int8 input has one of 256 rescaled values: look them up instead of recomputing them.
    tables = [
        multiply_by_quantized_multiplier(
            (np.arange(-128, 128) - quant.zero_point[0]) << parameters.left_shift,
            factor.multiplier,
            factor.shift,
        )
        for quant, factor in zip(quants, (parameters.input1, parameters.input2), strict=True)
    ]

    def run(values: list[Any]) -> list[Array]:
        first, second = _aligned(graph, op, values)
        scaled = tables[0][first.astype(np.intp) + 128] + sign * tables[1][second.astype(np.intp) + 128]
        return [_finished(stage, scaled, graph, op)]

    return run


def prepare_product(graph: Graph, op: Op) -> Kernel:
    """MUL: the product of both centred inputs, rescaled."""
    quant1, quant2 = (quant_of(input_tensor(graph, op, i)) for i in (0, 1))
    stage = _stage(graph, op, product_requant(quant1, quant2, quant_of(output_tensor(graph, op))))

    def run(values: list[Any]) -> list[Array]:
        first, second = _aligned(graph, op, values)
        centred1 = first.astype(np.int64) - quant1.zero_point[0]
        return [_finished(stage, centred1 * (second.astype(np.int64) - quant2.zero_point[0]), graph, op)]

    return run


def prepare_extremum(graph: Graph, op: Op) -> Kernel:
    """MAXIMUM and MINIMUM compare raw values: all three tensors share one quantization."""
    combine: Callable[[Array, Array], Array] = np.maximum if op.kind == "MAXIMUM" else np.minimum
    y = output_tensor(graph, op)

    def run(values: list[Any]) -> list[Array]:
        first, second = _aligned(graph, op, values)
        return [combine(first, second).reshape(-1, *y.shape)]

    return run


def _stage(graph: Graph, op: Op, factor: Requant) -> OutputStage:
    assert isinstance(op.attrs, Binary)
    output = quant_of(output_tensor(graph, op))
    return OutputStage(
        np.array([factor.multiplier]),
        np.array([factor.shift]),
        output.zero_point[0],
        *activation_range(op.attrs.activation, output),
    )


def _finished(stage: OutputStage, acc: Array, graph: Graph, op: Op) -> Array:
    return stage(acc).reshape(-1, *output_tensor(graph, op).shape)


def _aligned(graph: Graph, op: Op, values: list[Any]) -> tuple[Array, Array]:
    """Both inputs as (N or 1, 1, .., dims): with as many dimensions as the output, samples first."""
    rank = len(output_tensor(graph, op).shape)
    first, second = (
        _with_rank(value, graph.tensors[t].is_constant, rank)
        for value, t in zip(values, op.inputs, strict=True)
    )
    return first, second


def _with_rank(value: Array, is_constant: bool, rank: int) -> Array:
    samples, shape = ((1,), value.shape) if is_constant else ((len(value),), value.shape[1:])
    return value.reshape(*samples, *(1,) * (rank - len(shape)), *shape)
