"""Genotype -> network."""

from __future__ import annotations

from micronas.model.net import (
    Add,
    Conv,
    DepthwiseConv,
    GlobalAveragePool,
    Net,
    NetBuilder,
)
from micronas.model.op_attributes import Activation
from micronas.space.extent import Plane, effective_kernel, effective_stride
from micronas.space.micronets.arch import Backbone, MicronetsArch, SlotGenes
from micronas.space.micronets.skeleton import Skeleton
from micronas.space.output_layers import output_layers


def decode(
    arch: MicronetsArch,
    skeleton: Skeleton,
    backbone: Backbone,
    input_shape: tuple[int, int, int],
    n_classes: int,
) -> Net:
    """The network of ``arch`` for inputs (height, width, channels)."""
    builder = NetBuilder(input_shape)
    kernel = tuple(min(k, 2 * size - 1) for k, size in zip(skeleton.stem_kernel, input_shape, strict=False))
    stride = effective_stride(skeleton.stem_stride, _plane(builder))
    builder.add(Conv(arch.stem, kernel[0], kernel[1], *stride))
    for genes, slot_stride in zip(arch.slots, skeleton.strides, strict=True):
        if not genes.kept:
            continue
        if backbone is Backbone.DS_CNN:
            _add_separable(builder, genes, slot_stride)
        else:
            _add_inverted(builder, genes, slot_stride)
    return builder.chain(GlobalAveragePool(), *output_layers(n_classes)).build()


def _add_separable(builder: NetBuilder, genes: SlotGenes, stride: int) -> None:
    builder.chain(_depthwise(builder, stride, Activation.RELU), Conv(genes.width, 1, 1))


def _add_inverted(builder: NetBuilder, genes: SlotGenes, stride: int) -> None:
    source, shape = builder.last, builder.shape()
    builder.add(Conv(shape[2] * genes.expansion, 1, 1, activation=Activation.RELU6))
    builder.add(_depthwise(builder, stride, Activation.RELU6))
    projected = builder.add(Conv(genes.width, 1, 1, activation=Activation.NONE))
    if builder.shape() == shape:
        builder.add(Add(), source, projected)


def _depthwise(builder: NetBuilder, stride: int, activation: Activation) -> DepthwiseConv:
    plane = _plane(builder)
    return DepthwiseConv(*effective_kernel(3, plane), *effective_stride(stride, plane), activation=activation)


def _plane(builder: NetBuilder) -> Plane:
    return builder.shape()[0], builder.shape()[1]
