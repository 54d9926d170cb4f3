"""MEAN, SUM and REDUCE_MAX over constant axes."""

from __future__ import annotations

import math

import numpy as np

from micronas.model.fixed_point.op_parameters import Requant, mean_requant, rescale_requant
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    input_tensor,
    output_tensor,
    quant_of,
)
from micronas.model.interpreter.requantize import OutputStage


def prepare(graph: Graph, op: Op) -> Kernel:
    """MEAN or SUM: y = f(sum - count * zp_x) + zp_y, with 1/count inside f for MEAN."""
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    source, output = quant_of(x), quant_of(y)
    axes = _axes(graph, op)
    count = math.prod(x.shape[a] for a in axes)
    factor: Requant = (
        mean_requant(source, output, count) if op.kind == "MEAN" else rescale_requant(source, output)
    )
    stage = OutputStage(
        np.array([factor.multiplier]), np.array([factor.shift]), output.zero_point[0], -128, 127
    )

    def run(values: list[Array]) -> list[Array]:
        total = values[0].sum(axis=tuple(a + 1 for a in axes), dtype=np.int64)
        total -= count * source.zero_point[0]
        return [stage(total).reshape(-1, *y.shape)]

    return run


def prepare_max(graph: Graph, op: Op) -> Kernel:
    """REDUCE_MAX: input and output share one quantization."""
    y, axes = output_tensor(graph, op), tuple(a + 1 for a in _axes(graph, op))

    def run(values: list[Array]) -> list[Array]:
        return [values[0].max(axis=axes).reshape(-1, *y.shape)]

    return run


def _axes(graph: Graph, op: Op) -> tuple[int, ...]:
    """Axes of the input, counted from the front, each once."""
    rank = len(input_tensor(graph, op).shape)
    return tuple(sorted({int(a) % rank for a in np.atleast_1d(data_of(graph, op, 1))}))
