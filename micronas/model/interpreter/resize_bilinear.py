"""RESIZE_BILINEAR in whole numbers of 1/1024 pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.bilinear import ONE, axis_weights
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, output_tensor
from micronas.model.op_attributes import ResizeBilinear


def prepare(graph: Graph, op: Op) -> Kernel:
    """RESIZE_BILINEAR: four neighbours, weighted, rounded half away from zero."""
    attrs = op.attrs
    assert isinstance(attrs, ResizeBilinear)
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    rows = axis_weights(x.shape[1], y.shape[1], attrs)
    columns = axis_weights(x.shape[2], y.shape[2], attrs)
    below, right = rows.fraction[:, None, None], columns.fraction[None, :, None]

    def run(values: list[Any]) -> list[Array]:
        source = values[0].astype(np.int64)
        upper, lower = source[:, :, rows.low], source[:, :, rows.high]
        blended = (ONE - below) * (
            (ONE - right) * upper[:, :, :, columns.low] + right * upper[:, :, :, columns.high]
        )
        blended += below * (
            (ONE - right) * lower[:, :, :, columns.low] + right * lower[:, :, :, columns.high]
        )
        half = ONE * ONE // 2
        return [(np.sign(blended) * ((np.abs(blended) + half) // (ONE * ONE))).astype(np.int8)]

    return run
