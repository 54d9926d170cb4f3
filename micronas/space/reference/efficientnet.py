"""EfficientNet-lite: compound scaling (Tan and Le 2019) without squeeze-excite and swish.

Width and depth are scaled together; the resolution is the input's. Stem and head are not scaled, which is the
"lite" rule; below width 1 they are, because they would otherwise dominate a small network.
"""

from __future__ import annotations

import math

from micronas.model.net import Conv, Dense, GlobalAveragePool, Net, NetBuilder, SoftmaxLayer
from micronas.model.op_attributes import Activation
from micronas.space.reference.mobilenet import inverted_bottleneck, round_channels

_BLOCKS = (
    (1, 3, 1, 1, 16),
    (6, 3, 2, 2, 24),
    (6, 5, 2, 2, 40),
    (6, 3, 2, 3, 80),
    (6, 5, 1, 3, 112),
    (6, 5, 2, 4, 192),
    (6, 3, 1, 1, 320),
)
"""(expansion, kernel, stride of the first, repeats, channels)."""


def efficientnet_lite(width: float, depth: float, input_shape: tuple[int, int, int], classes: int) -> Net:
    """EfficientNet-lite; width and depth 1.0 at 224 x 224 is lite0."""
    ends = min(1.0, width)
    builder = NetBuilder(input_shape)
    builder.add(Conv(round_channels(32 * ends), 3, 3, 2, 2, Activation.RELU6))
    for number, (expansion, kernel, stride, repeats, channels) in enumerate(_BLOCKS):
        first_or_last = number in (0, len(_BLOCKS) - 1)
        for i in range(repeats if first_or_last else math.ceil(repeats * depth)):
            inverted_bottleneck(
                builder,
                hidden=expansion * builder.shape()[2],
                channels=round_channels(channels * width),
                stride=stride if i == 0 else 1,
                activation=Activation.RELU6,
                kernel=kernel,
            )
    builder.add(Conv(round_channels(1280 * ends), 1, 1, activation=Activation.RELU6))
    return builder.chain(GlobalAveragePool(), Dense(classes), SoftmaxLayer()).build()
