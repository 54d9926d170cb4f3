"""DS-CNN and the MicroNets derived from it: a strided or plain stem, then depthwise-separable blocks.

DS-CNN S, M, L: Zhang, Suda, Lai and Chandra, "Hello Edge: Keyword Spotting on Microcontrollers" (2017).
MicroNet KWS and AD: Banbury et al., "MicroNets" (MLSys 2021), table 5; their stems are 10 x 4 over MFCCs of
49 x 10 and 3 x 3 over spectrograms of 32 x 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from micronas.model.net import (
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Net,
    NetBuilder,
    Pool,
    PoolKind,
    SoftmaxLayer,
)


@dataclass(frozen=True)
class _DsCnnStack:
    """Stem width and strides, and per block its width and stride."""

    stem: int
    stem_stride: tuple[int, int]
    widths: tuple[int, ...]
    strides: tuple[int, ...]


_DS_CNN = {
    "S": _DsCnnStack(64, (2, 2), (64,) * 4, (1, 1, 1, 1)),
    "M": _DsCnnStack(172, (2, 1), (172,) * 4, (2, 1, 1, 1)),
    "L": _DsCnnStack(276, (2, 1), (276,) * 5, (2, 1, 1, 1, 1)),
}
_KWS = {
    "S": _DsCnnStack(84, (1, 1), (112, 84, 84, 84, 196), (2, 1, 1, 1, 1)),
    "M": _DsCnnStack(140, (1, 1), (140, 140, 140, 112, 196), (2, 1, 1, 1, 1)),
    "L": _DsCnnStack(276, (1, 1), (248, 276, 276, 248, 248, 248, 248), (2, 1, 1, 1, 1, 1, 1)),
}
_AD = {
    "S": _DsCnnStack(72, (1, 1), (164, 220, 276, 276), (2, 1, 2, 2)),
    "M": _DsCnnStack(192, (1, 1), (276,) * 5, (2, 1, 1, 2, 2)),
    "L": _DsCnnStack(276, (1, 1), (248, 276, 276, 248, 248), (2, 1, 1, 2, 2)),
}


def ds_cnn(size: Literal["S", "M", "L"]) -> Net:
    """DS-CNN for 12 keywords."""
    return _separable_stack(_DS_CNN[size], (49, 10, 1), (10, 4), 12)


def micronet_kws(size: Literal["S", "M", "L"]) -> Net:
    """MicroNet for 12 keywords."""
    return _separable_stack(_KWS[size], (49, 10, 1), (10, 4), 12)


def micronet_ad(size: Literal["S", "M", "L"]) -> Net:
    """MicroNet that identifies machines, for anomaly detection by self-supervision.

    8 machines, as in the published files; the paper's table says 4.
    """
    return _separable_stack(_AD[size], (32, 32, 1), (3, 3), 8)


def _separable_stack(
    stack: _DsCnnStack, input_shape: tuple[int, int, int], stem_kernel: tuple[int, int], classes: int
) -> Net:
    builder = NetBuilder(input_shape).chain(Conv(stack.stem, *stem_kernel, *stack.stem_stride))
    for width, stride in zip(stack.widths, stack.strides, strict=True):
        builder.chain(DepthwiseConv(3, 3, stride, stride), Conv(width, 1, 1))
    return pooled_classifier(builder, classes)


def pooled_classifier(builder: NetBuilder, classes: int) -> Net:
    """Average pooling over the whole plane as a pool, as in the published files, and a dense layer."""
    height, width, _ = builder.shape()
    pool = Pool(PoolKind.AVERAGE, height, width, height, width)
    return builder.chain(pool, Flatten(), Dense(classes), SoftmaxLayer()).build()
