"""Genotype -> network."""

from __future__ import annotations

from micronas.net import (
    Activation,
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Net,
    NetBuilder,
    Pool,
    PoolKind,
    Softmax,
)
from micronas.space.extent import Plane, effective_kernel, effective_stride, pooled
from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch


def express(arch: LayerwiseArch, input_shape: tuple[int, int, int], n_classes: int) -> Net:
    """The network of ``arch`` for inputs (height, width, channels)."""
    builder = NetBuilder(input_shape)
    builder.add(_conv(builder, arch.stem.width, arch.stem.kernel, arch.stem.stride))
    for block in arch.blocks:
        add_block(builder, block)
    return builder.chain(GlobalAveragePool(), Dense(n_classes), Softmax()).build()


def add_block(builder: NetBuilder, block: Block) -> None:
    """Appends one block to what ``builder`` has."""
    match block.kind:
        case BlockKind.CONV:
            builder.add(_conv(builder, block.width, block.kernel, block.stride))
        case BlockKind.SEPARABLE:
            builder.add(_depthwise(builder, block, Activation.RELU))
            builder.add(Conv(block.width, 1, 1))
        case BlockKind.INVERTED:
            _add_inverted(builder, block)
    if block.pool:
        _add_pool(builder)


def _add_inverted(builder: NetBuilder, block: Block) -> None:
    source, shape = builder.last, builder.shape()
    builder.add(Conv(shape[2] * block.expansion, 1, 1, activation=Activation.RELU6))
    builder.add(_depthwise(builder, block, Activation.RELU6))
    projected = builder.add(Conv(block.width, 1, 1, activation=Activation.NONE))
    if builder.shape() == shape:
        builder.add(Add(), source, projected)


def _add_pool(builder: NetBuilder) -> None:
    plane = _plane(builder)
    down, across = (2 if after < before else 1 for before, after in zip(plane, pooled(plane), strict=True))
    if (down, across) != (1, 1):
        builder.add(Pool(PoolKind.MAX, down, across, down, across))


def _conv(builder: NetBuilder, width: int, kernel: int, stride: int) -> Conv:
    plane = _plane(builder)
    return Conv(width, *effective_kernel(kernel, plane), *effective_stride(stride, plane))


def _depthwise(builder: NetBuilder, block: Block, activation: Activation) -> DepthwiseConv:
    plane = _plane(builder)
    kernel, stride = effective_kernel(block.kernel, plane), effective_stride(block.stride, plane)
    return DepthwiseConv(*kernel, *stride, activation=activation)


def _plane(builder: NetBuilder) -> Plane:
    return builder.shape()[0], builder.shape()[1]
