"""``Net`` -> the int8 ``Graph`` of its later conversion, computed without a framework.

The shapes, operators, attributes and constant sizes equal those of the graph read back from
``micronas.quantize.quantize``; scales and weights are placeholders. Flash and SRAM of a network are therefore
known exactly, in about a millisecond, before training.

The TFLite converter's result for a layer, as found by experiment: batch normalisation and clamps fold
into the op before them; a global average pool is MEAN over axes (1, 2); Flatten is RESHAPE with a
constant shape; every convolution and dense layer has a bias; per-channel scales on all weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from micronas.errors import SpaceError
from micronas.model.graph import DType, Graph, Op, Quant, Tensor
from micronas.model.net.counts import bias_shape, weight_shape
from micronas.model.net.layers import (
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    GlobalAveragePool,
    Layer,
    Multiply,
    Pool,
    PoolKind,
    SoftmaxLayer,
)
from micronas.model.net.net import Net
from micronas.model.op_attributes import (
    Attrs,
    Binary,
    Concatenation,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    NoAttrs,
    Pool2D,
    Reduce,
)
from micronas.model.op_attributes import Softmax as SoftmaxAttrs

_PLACEHOLDER = Quant((1.0,), (0,))


def shape_graph(net: Net, name: str = "net") -> Graph:
    """The graph of ``net`` with batch 1, without values: one op per layer, in the order of the nodes."""
    builder = _GraphBuilder()
    tensors = [builder.activation(net.input_shape)]
    for index, node in enumerate(net.nodes[1:], start=1):
        reads = [tensors[i] for i in node.inputs]
        constants = builder.constants(node.layer, net, index)
        output = builder.activation(net.shapes[index])
        kind, attrs = op_of(node.layer)
        builder.ops.append(Op(kind, (*reads, *constants), (output,), attrs))
        tensors.append(output)
    return Graph(name, tuple(builder.tensors), tuple(builder.ops), (tensors[0],), (tensors[-1],))


def op_of(layer: Layer) -> tuple[str, Attrs]:
    """TFLite's operator for ``layer`` and its attributes."""
    match layer:
        case Conv():
            attrs = Conv2D(layer.stride_h, layer.stride_w, layer.padding, layer.activation)
            return "CONV_2D", attrs
        case DepthwiseConv():
            return "DEPTHWISE_CONV_2D", DepthwiseConv2D(
                1, layer.stride_h, layer.stride_w, layer.padding, layer.activation, layer.dilation_h
            )
        case Dense():
            return "FULLY_CONNECTED", FullyConnected(layer.activation)
        case Pool():
            kind = "MAX_POOL_2D" if layer.kind is PoolKind.MAX else "AVERAGE_POOL_2D"
            size = (layer.pool_h, layer.pool_w, layer.stride_h, layer.stride_w)
            return kind, Pool2D(*size, layer.padding)
        case GlobalAveragePool():
            return "MEAN", Reduce(layer.keep_dims)
        case Add():
            return "ADD", Binary(layer.activation)
        case Multiply():
            return "MUL", Binary()
        case Concat():
            return "CONCATENATION", Concatenation(axis=3)
        case Apply():
            return layer.function.value, NoAttrs()
        case Flatten():
            return "RESHAPE", NoAttrs()
        case SoftmaxLayer():
            return "SOFTMAX", SoftmaxAttrs()
    raise SpaceError(f"{layer} is not an operator")


@dataclass
class _GraphBuilder:
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    _parameters: dict[tuple[int, ...], int] = field(default_factory=dict)

    def activation(self, shape: tuple[int, ...]) -> int:
        """A new int8 tensor with batch 1."""
        return self._add(Tensor("", (1, *shape), DType.INT8, _PLACEHOLDER))

    def constants(self, layer: Layer, net: Net, index: int) -> tuple[int, ...]:
        """The constant inputs of ``layer``: weights and bias, axes, or shape."""
        inputs = net.input_shapes(index)
        weights, bias = weight_shape(layer, inputs), bias_shape(layer, inputs)
        if weights is not None and bias is not None:
            quant = _per_channel(bias[0], axis=3 if isinstance(layer, DepthwiseConv) else 0)
            return (
                self._add(Tensor("", weights, DType.INT8, quant, is_constant=True)),
                self._add(Tensor("", bias, DType.INT32, _per_channel(bias[0], axis=0), is_constant=True)),
            )
        if isinstance(layer, GlobalAveragePool):
            return (self._parameter((1, 2)),)
        if isinstance(layer, Flatten):
            return (self._parameter((1, net.shapes[index][0])),)
        return ()

    def _parameter(self, values: tuple[int, ...]) -> int:
        # Equal axes or shapes are one tensor, as in the canonical file.
        if values not in self._parameters:
            data: npt.NDArray[np.generic] = np.array(values, np.int32)
            self._parameters[values] = self._add(
                Tensor("", data.shape, DType.INT32, is_constant=True, data=data)
            )
        return self._parameters[values]

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _per_channel(channels: int, axis: int) -> Quant:
    return Quant((1.0,) * channels, (0,) * channels, axis if channels > 1 else 0)
