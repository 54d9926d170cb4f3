"""Output shapes by TFLite's rules: SAME ceil(size / stride), VALID ceil((size - kernel + 1) / stride)."""

from __future__ import annotations

import math
from typing import TypeAlias

from micronas.errors import SpaceError
from micronas.model.net.layers import (
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    Multiply,
    Pool,
    SoftmaxLayer,
)
from micronas.model.op_attributes import Padding
from micronas.model.window import window_span

Shape: TypeAlias = tuple[int, ...]


def output_shape(layer: Layer, inputs: list[Shape], where: str) -> Shape:
    """Shape of ``layer``'s result for the input shapes; ``SpaceError`` starts with ``where``."""
    try:
        return _output_shape(layer, inputs)
    except _MismatchError as error:
        raise SpaceError(f"{where} ({layer}) cannot read shapes {inputs}: {error}") from None


class _MismatchError(Exception):
    """Why shapes do not fit a layer."""


def _output_shape(layer: Layer, inputs: list[Shape]) -> Shape:
    match layer:
        case Input():
            return _checked_input(layer, inputs)
        case Conv():
            h, w = _window(layer, layer.kernel_h, layer.kernel_w, _one(inputs, rank=3))
            return (h, w, _positive(layer.filters, "filters"))
        case DepthwiseConv():
            x = _one(inputs, rank=3)
            if min(layer.dilation_h, layer.stride_h, layer.stride_w) < 1:
                raise _MismatchError("stride and dilation are at least 1")
            if layer.dilation_h > 1 and (layer.stride_h, layer.stride_w) != (1, 1):
                raise _MismatchError("TensorFlow has no dilated kernel with a stride: one of them must be 1")
            return (*_window(layer, window_span(layer.kernel_h, layer.dilation_h), layer.kernel_w, x), x[2])
        case Pool():
            x = _one(inputs, rank=3)
            return (*_window(layer, layer.pool_h, layer.pool_w, x), x[2])
        case Dense():
            _one(inputs, rank=1)
            if not 0 <= layer.dropout < 1:
                raise _MismatchError(f"dropout {layer.dropout} is not from 0 to less than 1")
            return (_positive(layer.units, "units"),)
        case GlobalAveragePool():
            return _averaged(layer, _one(inputs, rank=3))
        case Flatten():
            return (math.prod(_one(inputs, rank=3)),)
        case SoftmaxLayer():
            return _one(inputs, rank=1)
        case Apply():
            return _one(inputs, rank=None)
        case Add():
            return _added(inputs)
        case Multiply():
            return _multiplied(inputs)
        case Concat():
            return _concatenated(inputs)


def _positive(value: int, what: str) -> int:
    if value < 1:
        raise _MismatchError(f"{what} is {value}, at least 1 needed")
    return value


def _checked_input(layer: Input, inputs: list[Shape]) -> Shape:
    if inputs:
        raise _MismatchError("an Input must not read other nodes")
    if len(layer.shape) not in (1, 3) or min(layer.shape) < 1:
        raise _MismatchError("an input is (height, width, channels) or (features,)")
    return layer.shape


def _one(inputs: list[Shape], rank: int | None) -> Shape:
    if len(inputs) != 1:
        raise _MismatchError(f"{len(inputs)} inputs, 1 needed")
    if rank is not None and len(inputs[0]) != rank:
        raise _MismatchError(f"rank {len(inputs[0])}, {rank} needed")
    return inputs[0]


def _window(layer: Conv | DepthwiseConv | Pool, kernel_h: int, kernel_w: int, x: Shape) -> tuple[int, int]:
    if min(kernel_h, kernel_w, layer.stride_h, layer.stride_w) < 1:
        raise _MismatchError("kernel and stride are at least 1")
    if layer.padding is Padding.SAME:
        return -(-x[0] // layer.stride_h), -(-x[1] // layer.stride_w)
    if kernel_h > x[0] or kernel_w > x[1]:
        raise _MismatchError(f"a {kernel_h}x{kernel_w} window does not fit")
    return (x[0] - kernel_h) // layer.stride_h + 1, (x[1] - kernel_w) // layer.stride_w + 1


def _averaged(layer: GlobalAveragePool, x: Shape) -> Shape:
    if layer.keep_dims and x[:2] == (1, 1):
        raise _MismatchError("global average pooling of a 1x1 plane is a no-op; the converter would drop it")
    return (1, 1, x[2]) if layer.keep_dims else (x[2],)


def _added(inputs: list[Shape]) -> Shape:
    if len(inputs) != 2 or inputs[0] != inputs[1]:
        raise _MismatchError("two equal shapes needed")
    return inputs[0]


def _multiplied(inputs: list[Shape]) -> Shape:
    if len(inputs) != 2 or inputs[1] not in (inputs[0], (1, 1, inputs[0][-1])):
        raise _MismatchError("a value and an equal shape or a (1, 1, channels) gate needed")
    return inputs[0]


def _concatenated(inputs: list[Shape]) -> Shape:
    if len(inputs) < 2 or len({x[:-1] for x in inputs}) != 1 or len(inputs[0]) != 3:
        raise _MismatchError("two or more values of equal height and width needed")
    return (*inputs[0][:-1], sum(x[-1] for x in inputs))
