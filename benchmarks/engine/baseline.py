"""What the baseline kernels need otherwise than ours: biases without the input's zero point, no overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.codegen.lowering import Constant, Lowered
from micronas.model.graph import Graph

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def for_baseline(graph: Graph, lowered: Lowered) -> Lowered:
    """``lowered`` with an output of its own and, if it is a convolution, the bias of the graph."""
    op, lowered = graph.ops[lowered.op_index], replace(lowered, in_place=(), lead_bytes=None, lag_bytes=None)
    if op.kind not in _CONVOLUTIONS:
        return lowered
    data = graph.tensors[op.inputs[2]].data if len(op.inputs) > 2 else None
    bias = np.zeros(1, np.int32) if data is None else np.asarray(data, np.int32)
    return replace(lowered, constants=tuple(_plain(c, bias) for c in lowered.constants))


def _plain(constant: Constant, bias: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Constant:
    if constant.name != "channels" or constant.values is None:
        return constant
    values = np.array(constant.values)
    values[:, 0] = bias
    return replace(constant, values=values)
