"""The genotype of the layer-wise space: a stem, a variable number of blocks and a head.

The fields that are ``optional`` declare all of a gene but its meaning in the network, which is in ``decode``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from micronas.space.gene import others, set_with, smallest_with
from micronas.space.optional_gene import Options, optional


class BlockKind(Enum):
    """The computation of a block before its optional pooling."""

    CONV = "conv"
    """k x k convolution, ReLU (VGG)."""
    SEPARABLE = "separable"
    """k x k depthwise, 1x1 convolution, ReLU after each (MobileNet, DS-CNN)."""
    INVERTED = "inverted"
    """1x1 expansion, k x k depthwise, linear 1x1 projection, residual if shapes agree (MobileNetV2)."""


class KernelShape(Enum):
    """Height and width of a block's window, of a kernel of k. The first axis is time in spectrograms and
    streams, where a shape has no effect if the plane has one column.
    """

    SQUARE = "square"
    """k x k."""
    TALL = "tall"
    """k x 1: along the first axis only."""
    FLAT = "flat"
    """1 x k: along the second axis only."""
    LONG = "long"
    """(2k + 1) x k: 7, 11 or 15 steps of the first axis."""

    def window(self, kernel: int) -> tuple[int, int]:
        """Height and width."""
        heights = {KernelShape.FLAT: 1, KernelShape.LONG: 2 * kernel + 1}
        widths = {KernelShape.TALL: 1}
        return heights.get(self, kernel), widths.get(self, kernel)


class HeadPooling(Enum):
    """What becomes of the last plane before the dense layer."""

    AVERAGE = "average"
    """The mean of each channel."""
    MAX = "max"
    """The maximum of each channel."""
    FLATTEN = "flatten"
    """Every value, where the plane has at most ``MAX_FLATTENED`` positions; the mean elsewhere."""


MAX_FLATTENED = 64
"""Positions of a plane whose values may all be inputs of the dense layer."""


def _has_depthwise(block: Block) -> bool:
    return block.kind is not BlockKind.CONV


def _has_no_residual(block: Block) -> bool:
    """Inverted bottlenecks always have theirs, where shapes agree."""
    return block.kind is not BlockKind.INVERTED


def _has_dense_rows(block: Block) -> bool:
    """TensorFlow has no dilated kernel with a stride."""
    return _has_depthwise(block) and block.stride == 1


@dataclass(frozen=True)
class Stem:
    """The first convolution: ``width`` filters of ``kernel`` x ``kernel``.

    ``shrink`` 2 first averages the input over 2 x 2 positions, 4 does so twice: resolution as a gene. It has
    no effect on a dimension that is too small to halve. Strides above 2, for long streams, also widen the
    kernel (``micronas.space.extent.strided_kernel``).
    """

    kernel: int
    stride: int
    width: int
    shrink: int = optional(
        1, (2, 4), "halve or quarter the input, as a choice", gradual=True, in_all_json=True
    )


@dataclass(frozen=True)
class Block:
    """One block; ``expansion`` widens an inverted bottleneck and is 1 elsewhere; ``pool``: 2x2 maximum.

    ``swish`` replaces ReLU by hard-swish; ``gate`` adds squeeze-excite after the depthwise convolution
    (Howard et al. 2019, MobileNetV3), so a plain convolution has none. ``dilation`` is the distance of the
    rows of a depthwise window along the first axis, which is time in spectrograms and windows. ``shape`` is
    that of the window. ``residual`` adds the block's input to its last convolution before the ReLU; where the
    shapes differ, a 1x1 convolution of the input (He et al. 2016).
    """

    kind: BlockKind
    kernel: int
    stride: int
    width: int
    expansion: int = 1
    pool: bool = False
    swish: bool = optional(
        False,
        (True,),
        "hard-swish as an alternative to ReLU",
        key="hard_swish",
        steps=others,
        draw=set_with(0.4),
        in_all_json=True,
    )
    gate: bool = optional(
        False,
        (True,),
        "squeeze-and-excite as a choice",
        key="squeeze_excite",
        applies=_has_depthwise,
        steps=others,
        draw=set_with(0.3),
        in_all_json=True,
    )
    dilation: int = optional(
        1,
        (2, 4),
        "dilated depthwise kernels along the first axis, as a choice",
        applies=_has_dense_rows,
        draw=smallest_with(0.6),
        gradual=True,
    )
    shape: KernelShape = optional(
        KernelShape.SQUARE,
        (KernelShape.TALL, KernelShape.FLAT, KernelShape.LONG),
        "kernels that are not square, as a choice: k x 1, 1 x k, or 2k + 1 steps of the first axis",
        key="kernel_shape",
        steps=others,
        draw=smallest_with(0.5),
    )
    residual: bool = optional(
        False,
        (True,),
        "residual connections of plain and separable blocks, as a choice; inverted bottlenecks have theirs",
        applies=_has_no_residual,
        steps=others,
        draw=set_with(0.4),
    )


@dataclass(frozen=True)
class Head:
    """What follows the last block: ``pooling``, one dense layer and softmax."""

    pooling: HeadPooling = optional(
        HeadPooling.AVERAGE,
        (HeadPooling.MAX, HeadPooling.FLATTEN),
        "what the last layer reads, as a choice: means, maxima, or all values of up to 64 positions",
        key="head",
    )
    dropout: float = optional(
        0.0,
        (0.1, 0.2, 0.4),
        "dropout before the last layer in training, as a choice; costs nothing on the board",
    )


@dataclass(frozen=True)
class LayerwiseArch:
    """Stem, blocks and head."""

    stem: Stem
    blocks: tuple[Block, ...]
    head: Head = Head()


@dataclass(frozen=True)
class Limits:
    """Which genes are allowed; from ``SpaceConfig``. ``optional`` holds the options of optional genes."""

    min_blocks: int = 2
    max_blocks: int = 6
    min_width: int = 4
    max_width: int = 64
    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[int, ...] = (2, 3, 4, 6)
    stem_strides: tuple[int, ...] = (1, 2)
    optional: Options = field(default_factory=dict, hash=False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Multiples of 4: int8 kernels take four channels at a time."""
        return tuple(range(self.min_width, self.max_width + 1, 4))
