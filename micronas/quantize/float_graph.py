"""A trained ``Net`` as a float graph in TFLite's form, which the quantizer of the TFLite converter reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.model.graph import DType, Graph, Op, Tensor
from micronas.model.net import Dense, Net, shape_graph
from micronas.train.weights import Array, Folded

_INVISIBLE = 1e-30


def float_graph(net: Net, weights: tuple[Folded | None, ...]) -> Graph:
    """The graph of ``net`` with float32 activations and the folded ``weights``, in the order of the nodes."""
    graph = shape_graph(net)
    tensors = [_as_float(tensor) for tensor in graph.tensors]
    for index, (op, folded) in enumerate(zip(graph.ops, weights[1:], strict=True), start=1):
        if folded is not None:
            kernel, bias = op.inputs[1:3]
            data = np.ascontiguousarray(tflite_layout(folded.kernel, net, index))
            tensors[kernel] = replace(tensors[kernel], data=data)
            tensors[bias] = replace(tensors[bias], data=kept_bias(folded.bias))
    ops = tuple(_with_open_shape(op, tensors) for op in graph.ops)
    return replace(graph, tensors=tuple(tensors), ops=ops)


def _with_open_shape(op: Op, tensors: list[Tensor]) -> Op:
    """A flattening to (-1, n), as in ``tf_model``; one of a single position, which is dropped, to (1, n)."""
    if op.kind != "RESHAPE" or tensors[op.inputs[0]].shape[:3] == (1, 1, 1):
        return op
    shape = tensors[op.inputs[1]]
    assert shape.data is not None, "shapes are known before training"
    tensors.append(replace(shape, data=np.array([-1, shape.data[1]], np.int32)))
    return replace(op, inputs=(op.inputs[0], len(tensors) - 1))


def _as_float(tensor: Tensor) -> Tensor:
    """Axes and shapes, which have no scale, stay integers."""
    return tensor if tensor.quant is None else replace(tensor, dtype=DType.FLOAT32, quant=None)


def tflite_layout(kernel: Array, net: Net, index: int) -> Array:
    """HWIO -> OHWI, HWC1 -> 1HWC, (in, out) -> (out, in)."""
    return kernel.T if isinstance(net.nodes[index].layer, Dense) else kernel.transpose(3, 0, 1, 2)


def kept_bias(bias: Array) -> Array:
    """An all-zero bias would be dropped, and with it four bytes a channel; this one quantizes to zeros."""
    return bias if bias.any() else np.full_like(bias, _INVISIBLE)
