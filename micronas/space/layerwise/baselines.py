"""Standard manual designs by kind of input, at many sizes.

A search is only useful if it beats a good manual design with the same training. Trial 0 is therefore the
largest of these that fits the budgets, and evolution starts from a good network.

Streams get designs whose receptive field is the whole window: four 3-wide layers see 19 samples of it.
Photographs of 32 x 32 and more also get designs that keep the full resolution in the first layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from micronas.space.extent import PLAIN_STRIDE, SMALLEST_HALVED
from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits, Stem
from micronas.space.widths import nearest_width

_WIDTHS = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128)

PHOTOGRAPH_SIDE = 32
"""Pictures of at least this height and width get designs with a first layer of stride 1."""

Design = Callable[[int], LayerwiseArch]
"""Width of the first layer -> architecture."""


def baselines(limits: Limits, shape: tuple[int, int, int]) -> Iterator[LayerwiseArch]:
    """Raw architectures in no particular order, for inputs of ``shape`` (height, width, channels).

    Widths clipped by ``limits`` are repeated.
    """
    for width in _WIDTHS:
        for design in _designs(limits, shape):
            yield _fitted(design(width), limits)


def _designs(limits: Limits, shape: tuple[int, int, int]) -> Iterator[Design]:
    plane = shape[:2]
    if min(plane) == 1:
        yield from _stream_designs(limits, max(plane))
        return
    yield _vgg
    yield _separable
    if _is_photograph(shape):
        yield partial(_full_resolution, residual="residual" in limits.optional)
        yield _mobilenet
    if {"hard_swish", "squeeze_excite"} & limits.optional.keys():
        yield _mobilenet_v3


def _is_photograph(shape: tuple[int, int, int]) -> bool:
    """A colour picture, or a square one, of 32 x 32 and more; a spectrogram is neither, as a rule."""
    height, width, channels = shape
    return min(height, width) >= PHOTOGRAPH_SIDE and (channels >= 3 or height == width)


def _stream_designs(limits: Limits, length: int) -> Iterator[Design]:
    for kernel in sorted({max(limits.kernels), _kernel(5, limits)}):
        yield partial(_wide, kind=BlockKind.CONV, length=length, kernel=kernel, limits=limits)
        yield partial(_wide, kind=BlockKind.SEPARABLE, length=length, kernel=kernel, limits=limits)
    dilations = [step for step in limits.optional.get("dilation", ()) if isinstance(step, int)]
    if dilations:
        yield partial(_dilated, dilations=dilations, limits=limits)


def receptive_field(arch: LayerwiseArch) -> int:
    """Positions of the input that the last layer sees along an axis that is long enough for all strides."""
    field, step = arch.stem.kernel * max(1, arch.stem.stride // PLAIN_STRIDE), arch.stem.stride
    for block in arch.blocks:
        field += (block.kernel - 1) * block.dilation * step
        step *= block.stride
        if block.pool:
            field, step = field + step, 2 * step
    return field


def _wide(width: int, *, kind: BlockKind, length: int, kernel: int, limits: Limits) -> LayerwiseArch:
    """A strided block after another until the last one sees the whole window.

    If a stride per block is not enough, pooling is added, in the first blocks first, and then a longer stride
    of the stem.
    """
    blocks = max(limits.min_blocks, min(limits.max_blocks, 4, _halvings(length) - 1))
    for stride in sorted(s for s in limits.stem_strides if s >= 2) or limits.stem_strides:
        for pools in range(blocks + 1):
            found = LayerwiseArch(
                Stem(kernel, stride, width),
                tuple(Block(kind, kernel, 2, width * min(2, i + 1), pool=i < pools) for i in range(blocks)),
            )
            if receptive_field(found) >= length:
                return found
    return found


def _halvings(length: int) -> int:
    """How often ``length`` can be halved."""
    return max(2, (length // SMALLEST_HALVED).bit_length())


def _dilated(width: int, *, dilations: list[int], limits: Limits) -> LayerwiseArch:
    """Depthwise kernels of growing dilation after a strided stem (TCN, Bai et al. 2018)."""
    kernel, depth = max(limits.kernels), max(limits.min_blocks, min(limits.max_blocks, 4))
    steps = tuple(islice(_cycled(sorted(dilations)), depth))
    blocks = tuple(Block(BlockKind.SEPARABLE, kernel, 1, 2 * width, dilation=step) for step in steps)
    return LayerwiseArch(Stem(kernel, 2, width), blocks)


def _cycled(steps: list[int]) -> Iterator[int]:
    """The steps in order, then the largest again and again."""
    yield from steps
    while True:
        yield steps[-1]


def _full_resolution(width: int, *, residual: bool) -> LayerwiseArch:
    """3x3 convolutions in three stages from full resolution, the plan of MLPerf Tiny's ResNet-8; with its
    residuals where the space has them.
    """
    plan = ((1, width), (2, 2 * width), (1, 2 * width), (2, 4 * width))
    blocks = (Block(BlockKind.CONV, 3, stride, wide, residual=residual) for stride, wide in plan)
    return LayerwiseArch(Stem(3, 1, width), tuple(blocks))


def _mobilenet(width: int) -> LayerwiseArch:
    """Inverted bottlenecks with residuals behind a stem of full resolution (MobileNetV2 at 32 x 32)."""
    blocks = (
        Block(BlockKind.INVERTED, 3, 1, width, 4),
        Block(BlockKind.INVERTED, 3, 2, 2 * width, 4),
        Block(BlockKind.INVERTED, 3, 1, 2 * width, 4),
        Block(BlockKind.INVERTED, 3, 2, 3 * width, 4),
        Block(BlockKind.INVERTED, 3, 1, 3 * width, 4),
    )
    return LayerwiseArch(Stem(3, 1, width), blocks)


def _vgg(width: int) -> LayerwiseArch:
    """3x3 convolutions, twice as wide after each halving; the first halving is in the stem to save SRAM."""
    blocks = (
        Block(BlockKind.CONV, 3, 1, width),
        Block(BlockKind.CONV, 3, 2, 2 * width),
        Block(BlockKind.CONV, 3, 1, 2 * width),
    )
    return LayerwiseArch(Stem(3, 2, width), blocks)


def _separable(width: int) -> LayerwiseArch:
    """The DS-CNN pattern: a strided stem, then depthwise-separable blocks (Zhang et al. 2017)."""
    blocks = (
        Block(BlockKind.SEPARABLE, 3, 1, width),
        Block(BlockKind.SEPARABLE, 3, 2, 2 * width),
        Block(BlockKind.SEPARABLE, 3, 1, 2 * width),
        Block(BlockKind.SEPARABLE, 3, 1, 2 * width),
    )
    return LayerwiseArch(Stem(5, 2, width), blocks)


def _mobilenet_v3(width: int) -> LayerwiseArch:
    """Gated inverted bottlenecks, with hard-swish after the second halving (Howard et al. 2019)."""
    blocks = (
        Block(BlockKind.INVERTED, 3, 1, width, 2, gate=True),
        Block(BlockKind.INVERTED, 3, 2, 2 * width, 3, swish=True),
        Block(BlockKind.INVERTED, 3, 1, 2 * width, 3, swish=True, gate=True),
    )
    return LayerwiseArch(Stem(3, 2, width), blocks)


def _fitted(arch: LayerwiseArch, limits: Limits) -> LayerwiseArch:
    """``arch`` with kernels, widths and depth brought into ``limits``; the canonical form does the rest."""
    blocks = [_fitted_block(b, limits) for b in arch.blocks][: limits.max_blocks]
    blocks += [blocks[-1]] * (limits.min_blocks - len(blocks))
    stem = Stem(
        _kernel(arch.stem.kernel, limits), arch.stem.stride, nearest_width(arch.stem.width, limits.widths)
    )
    return LayerwiseArch(stem, tuple(blocks))


def _fitted_block(block: Block, limits: Limits) -> Block:
    width = nearest_width(block.width, limits.widths)
    expansion = block.expansion
    if block.kind is BlockKind.INVERTED:
        expansion = min(limits.expansions, key=lambda e: abs(e - block.expansion))
    return replace(block, kernel=_kernel(block.kernel, limits), width=width, expansion=expansion)


def _kernel(wished: int, limits: Limits) -> int:
    return min(limits.kernels, key=lambda kernel: abs(kernel - wished))
