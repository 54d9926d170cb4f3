"""The graph with only the required channels; constants are folded into biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from micronas.model.constant_channels.channel_preserving import is_plain_mixer, is_tie
from micronas.model.constant_channels.required_channels import Mask
from micronas.model.constant_channels.values import VARIES, Values, channel_values
from micronas.model.fixed_point.multiplier import wrap_int32
from micronas.model.graph import ABSENT, Graph, Op, Quant, Tensor


def rewrite(graph: Graph, kept: dict[int, Mask], values: Values) -> Graph:
    """A new graph; activations keep their indices, rewritten constants are appended."""
    tensors = [
        _narrowed(tensor, kept[t], -1) if t in kept else tensor for t, tensor in enumerate(graph.tensors)
    ]
    ops = []
    for op in graph.ops:
        constants = _constants(graph, op, kept, values)
        inputs = list(op.inputs)
        for position, tensor in constants.items():
            inputs[position] = len(tensors)
            tensors.append(tensor)
        ops.append(replace(op, inputs=tuple(inputs)))
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops))


def _constants(graph: Graph, op: Op, kept: dict[int, Mask], values: Values) -> dict[int, Tensor]:
    """The constants of ``op`` that change, by input position."""
    y = kept[op.outputs[0]]
    if is_plain_mixer(graph, op):
        weights = _narrowed(graph.tensors[op.inputs[1]], y, 0)
        narrowed = {1: _narrowed(weights, kept[op.inputs[0]], weights.data.ndim - 1)}  # type: ignore[union-attr]
        if len(op.inputs) > 2 and op.inputs[2] != ABSENT:
            bias = _folded_bias(graph, op, kept[op.inputs[0]], values)
            narrowed[2] = _narrowed(bias, y, 0)
        return narrowed
    if op.kind == "DEPTHWISE_CONV_2D" and is_tie(graph, op):
        constants = {1: _narrowed(graph.tensors[op.inputs[1]], y, 3)}
        if len(op.inputs) > 2 and op.inputs[2] != ABSENT:
            constants[2] = _narrowed(graph.tensors[op.inputs[2]], y, 0)
        return constants
    if op.kind == "RESHAPE" and is_tie(graph, op) and len(op.inputs) > 1:
        shape = (*graph.tensors[op.outputs[0]].shape[:-1], int(y.sum()))
        return {1: replace(graph.tensors[op.inputs[1]], data=np.array(shape, np.int32), shape=(len(shape),))}
    return {}


def _folded_bias(graph: Graph, op: Op, kept: Mask, values: Values) -> Tensor:
    """bias + sum over dropped channels of (constant - zero point) * weights."""
    x, w, bias = (graph.tensors[t] for t in op.inputs[:3])
    assert w.data is not None
    assert bias.data is not None
    assert x.quant is not None
    constant = channel_values(graph, op.inputs[0], values)
    dropped = ~kept & (constant != VARIES)
    centred = np.where(dropped, constant - x.quant.zero_point[0], 0)
    sums = w.data.astype(np.int64).reshape(w.shape[0], -1, w.shape[-1]).sum(axis=1) @ centred
    return replace(bias, data=wrap_int32(bias.data.astype(np.int64) + sums).astype(np.int32))


def _narrowed(tensor: Tensor, mask: Mask, axis: int) -> Tensor:
    """``tensor`` with the channels of ``mask`` along ``axis``, in its data and scales."""
    axis %= max(len(tensor.shape), 1)
    if not tensor.shape or mask.all():
        return tensor
    shape = (*tensor.shape[:axis], int(mask.sum()), *tensor.shape[axis + 1 :])
    data: npt.NDArray[np.generic] | None = None
    if tensor.data is not None:
        data = np.ascontiguousarray(np.compress(mask, tensor.data, axis=axis))
    return replace(tensor, shape=shape, data=data, quant=_narrowed_quant(tensor.quant, mask, axis))


def _narrowed_quant(quant: Quant | None, mask: Mask, axis: int) -> Quant | None:
    if quant is None or not quant.per_channel or quant.axis != axis:
        return quant
    pick = np.flatnonzero(mask)
    return Quant(tuple(quant.scale[i] for i in pick), tuple(quant.zero_point[i] for i in pick), quant.axis)
