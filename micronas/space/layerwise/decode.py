"""Genotype -> network."""

from __future__ import annotations

from dataclasses import replace

from micronas.model.net import (
    Activation,
    Add,
    Apply,
    Conv,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Multiply,
    Net,
    NetBuilder,
    Pool,
    PoolKind,
)
from micronas.space.extent import (
    Plane,
    effective_dilation,
    effective_stride,
    pooled,
    strided_kernel,
)
from micronas.space.layerwise.arch import Block, BlockKind, Head, HeadPooling, LayerwiseArch, Stem
from micronas.space.layerwise.canonical import effective_pooling, window_on
from micronas.space.output_layers import output_layers


def decode(arch: LayerwiseArch, input_shape: tuple[int, int, int], n_classes: int) -> Net:
    """The network of ``arch`` for inputs (height, width, channels)."""
    builder = NetBuilder(input_shape)
    _add_stem(builder, arch.stem)
    for block in arch.blocks:
        add_block(builder, block)
    _add_head_pooling(builder, arch.head)
    return builder.chain(*output_layers(n_classes, arch.head.dropout)).build()


def _add_stem(builder: NetBuilder, stem: Stem) -> None:
    for _ in range(stem.shrink.bit_length() - 1):
        _add_pool(builder, PoolKind.AVERAGE)
    plane = _plane(builder)
    kernel, stride = strided_kernel(stem.kernel, stem.stride, plane), effective_stride(stem.stride, plane)
    builder.add(Conv(stem.width, *kernel, *stride))


def add_block(builder: NetBuilder, block: Block) -> None:
    """Appends one block to ``builder``."""
    kernel, stride = _window(builder, block)
    source = builder.last
    match block.kind:
        case BlockKind.CONV:
            _add_last(builder, Conv(block.width, *kernel, *stride), block, source, stride)
        case BlockKind.SEPARABLE:
            _add_depthwise(builder, block, Activation.RELU)
            _add_last(builder, Conv(block.width, 1, 1), block, source, stride)
        case BlockKind.INVERTED:
            _add_inverted(builder, block)
    if block.pool:
        _add_pool(builder, PoolKind.MAX)


def _add_last(builder: NetBuilder, layer: Conv, block: Block, source: int, stride: Plane) -> None:
    """The last convolution of a block that reads ``source``, with the residual if the block has one."""
    if not block.residual:
        _add_activated(builder, layer, block)
        return
    shape = builder.shape(source)
    linear = builder.add(replace(layer, activation=Activation.NONE))
    if builder.shape() != shape:
        source = builder.add(Conv(block.width, 1, 1, *stride, activation=Activation.NONE), source)
    if block.swish:
        builder.add(Add(), source, linear)
        builder.add(Apply(Function.HARD_SWISH))
    else:
        builder.add(Add(Activation.RELU), source, linear)


def _add_inverted(builder: NetBuilder, block: Block) -> None:
    source, shape = builder.last, builder.shape()
    _add_activated(builder, Conv(shape[2] * block.expansion, 1, 1, activation=Activation.RELU6), block)
    _add_depthwise(builder, block, Activation.RELU6)
    projected = builder.add(Conv(block.width, 1, 1, activation=Activation.NONE))
    if builder.shape() == shape:
        builder.add(Add(), source, projected)


def _add_depthwise(builder: NetBuilder, block: Block, activation: Activation) -> None:
    kernel, stride = _window(builder, block)
    dilation = effective_dilation(block.dilation, kernel[0], _plane(builder)[0])
    _add_activated(
        builder, DepthwiseConv(*kernel, *stride, activation=activation, dilation_h=dilation), block
    )
    if block.gate:
        add_gate(builder)


def add_gate(builder: NetBuilder) -> None:
    """Squeeze-excite: each channel is scaled by a value in 0..1, computed from the means of all channels."""
    source, channels = builder.last, builder.shape()[2]
    if _plane(builder) != (1, 1):
        builder.add(GlobalAveragePool(keep_dims=True))
    builder.chain(
        Conv(squeezed(channels), 1, 1, batch_norm=False),
        Conv(channels, 1, 1, activation=Activation.NONE, batch_norm=False),
        Apply(Function.LOGISTIC),
    )
    builder.add(Multiply(), source, builder.last)


def squeezed(channels: int) -> int:
    """A quarter of the channels, in multiples of 4."""
    return max(4, 4 * round(channels / 16))


def _add_activated(builder: NetBuilder, layer: Conv | DepthwiseConv, block: Block) -> None:
    """``layer``, with hard-swish instead of its clamp if the block has it."""
    if block.swish:
        builder.chain(replace(layer, activation=Activation.NONE), Apply(Function.HARD_SWISH))
    else:
        builder.add(layer)


def _add_head_pooling(builder: NetBuilder, head: Head) -> None:
    plane = _plane(builder)
    match effective_pooling(head.pooling, plane):
        case HeadPooling.AVERAGE:
            builder.add(GlobalAveragePool())
        case HeadPooling.MAX:
            builder.chain(Pool(PoolKind.MAX, *plane, *plane), Flatten())
        case HeadPooling.FLATTEN:
            builder.add(Flatten())


def _add_pool(builder: NetBuilder, kind: PoolKind) -> None:
    plane = _plane(builder)
    down, across = (2 if after < before else 1 for before, after in zip(plane, pooled(plane), strict=True))
    if (down, across) != (1, 1):
        builder.add(Pool(kind, down, across, down, across))


def _window(builder: NetBuilder, block: Block) -> tuple[Plane, Plane]:
    """Kernel and stride in effect on the current plane."""
    plane = _plane(builder)
    return window_on(block, plane), effective_stride(block.stride, plane)


def _plane(builder: NetBuilder) -> Plane:
    return builder.shape()[0], builder.shape()[1]
