"""BATCH_MATMUL of two int8 tensors, either of which may be a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.op_parameters import matrix_product_requant
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, output_tensor, quant_of
from micronas.model.interpreter.requantize import OutputStage
from micronas.model.op_attributes import BatchMatMul


def prepare(graph: Graph, op: Op) -> Kernel:
    """BATCH_MATMUL: batches broadcast, products of centred values summed in 64 bits."""
    attrs = op.attrs
    assert isinstance(attrs, BatchMatMul)
    y = output_tensor(graph, op)
    quants = [quant_of(input_tensor(graph, op, i)) for i in (0, 1)]
    factor = matrix_product_requant(quants[0], quants[1], quant_of(y))
    zero_point = quant_of(y).zero_point[0]
    stage = OutputStage(np.array([factor.multiplier]), np.array([factor.shift]), zero_point, -128, 127)
    is_constant = [graph.tensors[t].is_constant for t in op.inputs]
    swapped = (attrs.adj_x, attrs.adj_y)

    def operand(i: int, value: Any) -> Array:
        centred: Array = value.astype(np.int64) - quants[i].zero_point[0]
        if not is_constant[i]:  # the batch dimensions count from the last one, behind the samples
            missing = (1,) * (len(y.shape) + 1 - centred.ndim)
            centred = centred.reshape(len(centred), *missing, *centred.shape[1:])
        return centred.swapaxes(-1, -2) if swapped[i] else centred

    def run(values: list[Any]) -> list[Array]:
        total = operand(0, values[0]) @ operand(1, values[1])
        return [stage(np.ascontiguousarray(total)).reshape(-1, *y.shape)]

    return run
