"""Multiply-accumulates and parameters of one layer, as deployed (batch normalisation folded)."""

from __future__ import annotations

import math

from micronas.model.net.layers import Conv, Dense, DepthwiseConv, Layer
from micronas.model.net.shapes import Shape


def weight_shape(layer: Layer, inputs: list[Shape]) -> tuple[int, ...] | None:
    """Shape of the weights in TFLite's layout (OHWI, 1HWC, (out, in)); None for a layer without any."""
    match layer:
        case Conv():
            return (layer.filters, layer.kernel_h, layer.kernel_w, inputs[0][2])
        case DepthwiseConv():
            return (1, layer.kernel_h, layer.kernel_w, inputs[0][2])
        case Dense():
            return (layer.units, inputs[0][0])
    return None


def bias_shape(layer: Layer, inputs: list[Shape]) -> tuple[int, ...] | None:
    """Shape of the bias: one value per output channel."""
    weights = weight_shape(layer, inputs)
    if weights is None:
        return None
    return (weights[3],) if isinstance(layer, DepthwiseConv) else (weights[0],)


def layer_parameters(layer: Layer, inputs: list[Shape]) -> int:
    """Weights plus biases."""
    weights, bias = weight_shape(layer, inputs), bias_shape(layer, inputs)
    return 0 if weights is None or bias is None else math.prod(weights) + math.prod(bias)


def layer_macs(layer: Layer, inputs: list[Shape], output: Shape) -> int:
    """Multiply-accumulates of one inference, counting padded positions as the kernels' upper bound."""
    weights = weight_shape(layer, inputs)
    if weights is None:
        return 0
    positions = output[0] * output[1] if len(output) == 3 else 1
    return positions * math.prod(weights)
