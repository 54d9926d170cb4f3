"""Random weights and scales for a network with shapes only, so that it can be built and run.

They serve for sizes and latencies, not for outputs. Scales are chosen so that sums neither saturate nor
vanish and outputs of ReLU use all of int8, as in converted networks, so that kernels use the same inner
loops.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from micronas.model.graph import Graph, Op, Quant, Tensor
from micronas.model.op_attributes import Activation

_ACTIVATION_SCALE = float(np.float32(0.05))
_UP_TO_SIX = float(np.float32(6 / 255))
_WEIGHT_SCALE = 0.01
"""Scale for one input; divided by the square root of their number."""
_PROBABILITY = Quant((1 / 256,), (-128,))
"""Scales that TFLite requires for these outputs."""
_PROBABILITIES = ("SOFTMAX", "LOGISTIC")


def random_weights(graph: Graph, seed: int) -> Graph:
    """``graph`` with scales, and with seeded uniform weights in -127..127 instead of missing ones."""
    rng = np.random.default_rng(seed)
    quants = _quants(graph)

    def filled(index: int, tensor: Tensor) -> Tensor:
        tensor = replace(tensor, quant=quants[index]) if index in quants else tensor
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        return replace(tensor, data=rng.integers(-127, 128, tensor.shape).astype(tensor.dtype.value))

    return replace(graph, tensors=tuple(filled(i, tensor) for i, tensor in enumerate(graph.tensors)))


def _quants(graph: Graph) -> dict[int, Quant]:
    """Scales by tensor; an op that only moves values keeps its input's."""
    joined = _joined(graph)
    found = {t: joined.get(t, Quant((_ACTIVATION_SCALE,), (0,))) for t in graph.inputs}
    for op in graph.ops:
        source = found.get(graph.activation_inputs(op)[0])
        found |= _constants(graph, op, source)
        found |= {t: joined.get(t, _output(op, source)) for t in op.outputs}
    return found


def _joined(graph: Graph) -> dict[int, Quant]:
    """Tensors that end up in one concatenation, and so have one scale: that of a ReLU if there is one."""
    group = list(range(len(graph.tensors)))
    for op in graph.ops:
        if op.kind in _MOVES:
            alike = {group[t] for t in (*graph.activation_inputs(op), *op.outputs)}
            group = [min(alike) if g in alike else g for g in group]
    concatenated = {group[op.outputs[0]] for op in graph.ops if op.kind == "CONCATENATION"}
    own = [_output(op, None) for op in graph.ops]
    found: dict[int, Quant] = {}
    for number in concatenated:
        members = [i for i, op in enumerate(graph.ops) if op.kind not in _MOVES]
        scales = [own[i] for i in members if group[graph.ops[i].outputs[0]] == number]
        rectified = sorted((q for q in scales if q.zero_point != (0,)), key=lambda q: q.scale)
        chosen = (rectified or scales or [Quant((_ACTIVATION_SCALE,), (0,))])[0]
        found |= {t: chosen for t, g in enumerate(group) if g == number}
    return found


def _output(op: Op, source: Quant | None) -> Quant:
    if op.kind in _PROBABILITIES:
        return _PROBABILITY
    if source is not None and op.kind in _MOVES:
        return source
    activation = getattr(op.attrs, "activation", Activation.NONE)
    if activation is Activation.RELU6:
        return Quant((_UP_TO_SIX,), (-128,))
    rectified = activation is not Activation.NONE
    return Quant((_ACTIVATION_SCALE,), (-128 if rectified else 0,))


_MOVES = ("CONCATENATION", "RESHAPE", "AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "MEAN", "TRANSPOSE", "SPLIT")


def _constants(graph: Graph, op: Op, source: Quant | None) -> dict[int, Quant]:
    """Weights and bias of a layer; the number of scales does not change."""
    if op.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") or source is None:
        return {}
    weights, bias = op.inputs[1], op.inputs[2]
    tensor = graph.tensors[weights]
    assert tensor.quant is not None, "weights are quantized"
    outputs = tensor.shape[3] if op.kind == "DEPTHWISE_CONV_2D" else tensor.shape[0]
    scale = _WEIGHT_SCALE / math.sqrt(math.prod(tensor.shape) / outputs)
    quants = {weights: _all(tensor.quant, scale)}
    if (old := graph.tensors[bias].quant) is not None:
        quants[bias] = _all(old, scale * source.scale[0])
    return quants


def _all(quant: Quant, scale: float) -> Quant:
    return replace(quant, scale=(float(np.float32(scale)),) * len(quant.scale))
