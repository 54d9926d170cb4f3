"""Multiplications of an op, counted from shapes: padding counts, as in the published figures."""

from __future__ import annotations

from micronas.model.graph import Graph, Op


def op_macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of a convolution or dense layer; 0 for any other op."""
    y = graph.tensors[op.outputs[0]]
    if op.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    weights = graph.tensors[op.inputs[1]]
    if op.kind == "FULLY_CONNECTED":
        return y.elements // weights.shape[0] * weights.elements
    return y.shape[1] * y.shape[2] * weights.elements
