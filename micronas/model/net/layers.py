"""The layers of a network: the decisions of a search, without weights and independent of any framework.

Each layer folds to one int8 op: batch normalisation is folded into the layer before it, and a clamping
activation (ReLU, ReLU6) is fused. Kernels and strides are per dimension, so that spectrograms, sensor windows
(length, 1, channels) and images use the same layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from micronas.model.op_attributes import Activation, Padding


@dataclass(frozen=True)
class Input:
    """The input of a network: ``shape`` is (height, width, channels) or (features,), without the batch."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Conv:
    """Convolution over NHWC data; without batch normalisation, it has its own bias."""

    filters: int
    kernel_h: int
    kernel_w: int
    stride_h: int = 1
    stride_w: int = 1
    activation: Activation = Activation.RELU
    batch_norm: bool = True
    padding: Padding = Padding.SAME


@dataclass(frozen=True)
class DepthwiseConv:
    """One filter per channel (depth multiplier 1); its rows read every ``dilation_h``-th row of the input."""

    kernel_h: int
    kernel_w: int
    stride_h: int = 1
    stride_w: int = 1
    activation: Activation = Activation.RELU
    batch_norm: bool = True
    padding: Padding = Padding.SAME
    dilation_h: int = 1


@dataclass(frozen=True)
class Dense:
    """Fully connected layer over (features,).

    ``dropout`` is the share of the inputs that each training step sets to 0 (Srivastava et al. 2014); the
    trained network does not have it.
    """

    units: int
    activation: Activation = Activation.NONE
    batch_norm: bool = False
    dropout: float = 0.0


class PoolKind(Enum):
    """The result of a pooling window; an average does not count padded positions."""

    MAX = "max"
    AVERAGE = "average"


@dataclass(frozen=True)
class Pool:
    """Pooling window over height and width."""

    kind: PoolKind
    pool_h: int
    pool_w: int
    stride_h: int
    stride_w: int
    padding: Padding = Padding.VALID


@dataclass(frozen=True)
class GlobalAveragePool:
    """Mean over height and width: (h, w, c) -> (c,), or (1, 1, c) with ``keep_dims``."""

    keep_dims: bool = False


@dataclass(frozen=True)
class Add:
    """Sum of two values of equal shape: a residual connection."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Multiply:
    """Product of (h, w, c) with (h, w, c) or with a gate of shape (1, 1, c)."""


@dataclass(frozen=True)
class Concat:
    """Joins values of equal height and width along the channels."""


class Function(Enum):
    """Element-wise functions that are separate ops, because they are not clamps."""

    HARD_SWISH = "HARD_SWISH"
    LOGISTIC = "LOGISTIC"
    RELU = "RELU"


@dataclass(frozen=True)
class Apply:
    """An element-wise function as a separate op."""

    function: Function


@dataclass(frozen=True)
class Flatten:
    """(h, w, c) -> (h * w * c,)."""


@dataclass(frozen=True)
class SoftmaxLayer:
    """Probabilities over (classes,); a network's last layer, omitted during training."""


Layer: TypeAlias = (
    Input
    | Conv
    | DepthwiseConv
    | Dense
    | Pool
    | GlobalAveragePool
    | Add
    | Multiply
    | Concat
    | Apply
    | Flatten
    | SoftmaxLayer
)
