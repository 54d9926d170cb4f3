"""Ops that do not mix channels: channel c of the output depends only on channel c of each input."""

from __future__ import annotations

from micronas.model.graph import Graph, Op
from micronas.model.op_attributes import Binary, DepthwiseConv2D, Reduce

_POINTWISE = frozenset(
    ("AVERAGE_POOL_2D", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "RELU", "RELU6", "TANH")
)


def mixes(op: Op) -> bool:
    """Whether ``op`` sums over its input's channels: a convolution without groups or a dense layer."""
    return op.kind in ("CONV_2D", "FULLY_CONNECTED")


def is_plain_mixer(graph: Graph, op: Op) -> bool:
    """Whether ``op`` mixes all channels of its input, with weights (out, .., in)."""
    if not mixes(op) or graph.tensors[op.inputs[0]].is_constant:
        return False
    x, w = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    return bool(x.shape) and x.shape[-1] == w.shape[-1]


def is_tie(graph: Graph, op: Op) -> bool:
    """Whether each channel of the output depends only on that channel of the inputs."""
    inputs = [graph.tensors[t] for t in graph.activation_inputs(op)]
    x, y = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if not inputs or len(op.outputs) != 1 or x.shape[-1:] != y.shape[-1:]:
        return False
    if isinstance(op.attrs, DepthwiseConv2D):
        return op.attrs.depth_multiplier == 1
    if op.kind in ("ADD", "SUB", "MUL") and isinstance(op.attrs, Binary):
        return len(op.inputs) == 2 and len(inputs) == 2 and all(t.shape == y.shape for t in inputs)
    if op.kind == "RESHAPE":
        return x.elements == x.shape[-1]  # 1x1xC to C, no more
    if op.kind == "MEAN" and isinstance(op.attrs, Reduce):
        axes = graph.tensors[op.inputs[1]].data
        return axes is not None and all(int(a) % len(x.shape) != len(x.shape) - 1 for a in axes.reshape(-1))
    return op.kind in _POINTWISE
