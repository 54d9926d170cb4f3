"""MobileNetV2 (Sandler et al. 2018) and the minimal MobileNetV3-Small (Howard et al. 2019) at any width.

"Minimal" is MobileNetV3 without squeeze-excite, hard-swish and 5 x 5 kernels: the form for
microcontrollers. Strided layers are SAME-padded here, which gives the same sizes as the explicit padding
of other implementations on even planes.
"""

from __future__ import annotations

from micronas.model.net import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Net,
    NetBuilder,
    SoftmaxLayer,
)
from micronas.model.op_attributes import Activation

_V2_BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""(expansion, channels, repeats, stride of the first)."""

_V3_BLOCKS = (
    (1.0, 16, 2),
    (72 / 16, 24, 2),
    (88 / 24, 24, 1),
    (4.0, 40, 2),
    (6.0, 40, 1),
    (6.0, 40, 1),
    (3.0, 48, 1),
    (3.0, 48, 1),
    (6.0, 96, 2),
    (6.0, 96, 1),
    (6.0, 96, 1),
)
"""(expansion, channels, stride)."""


def mobilenet_v2(width: float, input_shape: tuple[int, int, int], classes: int) -> Net:
    """MobileNetV2 with all widths except the last scaled by ``width``; the last is only scaled upwards."""
    builder = NetBuilder(input_shape)
    builder.add(Conv(round_channels(32 * width), 3, 3, 2, 2, Activation.RELU6))
    for expansion, channels, repeats, stride in _V2_BLOCKS:
        for i in range(repeats):
            inverted_bottleneck(
                builder,
                hidden=expansion * builder.shape()[2],
                channels=round_channels(channels * width),
                stride=stride if i == 0 else 1,
                activation=Activation.RELU6,
            )
    builder.add(Conv(round_channels(1280 * max(1.0, width)), 1, 1, activation=Activation.RELU6))
    return builder.chain(GlobalAveragePool(), Dense(classes), SoftmaxLayer()).build()


def mobilenet_v3_minimal(width: float, input_shape: tuple[int, int, int], classes: int) -> Net:
    """MobileNetV3-Small, minimal form; the dense layer of 1,024 in front of the classifier is not scaled."""
    builder = NetBuilder(input_shape).chain(Conv(16, 3, 3, 2, 2))
    for expansion, channels, stride in _V3_BLOCKS:
        inverted_bottleneck(
            builder,
            hidden=round_channels(expansion * builder.shape()[2]) if expansion > 1 else builder.shape()[2],
            channels=round_channels(channels * width),
            stride=stride,
            activation=Activation.RELU,
        )
    builder.add(Conv(round_channels(6 * builder.shape()[2]), 1, 1))
    head = Dense(round_channels(1024 * max(1.0, width)), Activation.RELU)
    return builder.chain(GlobalAveragePool(), head, Dense(classes), SoftmaxLayer()).build()


def inverted_bottleneck(
    builder: NetBuilder, *, hidden: int, channels: int, stride: int, activation: Activation, kernel: int = 3
) -> None:
    """1x1 to ``hidden`` (omitted if it is not wider), depthwise, linear 1x1; residual if shapes agree."""
    source, shape = builder.last, builder.shape()
    if hidden != shape[2]:
        builder.add(Conv(hidden, 1, 1, activation=activation))
    builder.add(DepthwiseConv(kernel, kernel, stride, stride, activation))
    projected = builder.add(Conv(channels, 1, 1, activation=Activation.NONE))
    if builder.shape() == shape:
        builder.add(Add(), source, projected)


def round_channels(channels: float, divisor: int = 8) -> int:
    """The multiple of 8 nearest to ``channels``, at least 8 and not more than a tenth below it."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
