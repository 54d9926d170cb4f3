"""Standard manual designs, at many sizes.

A search is only useful if it beats a good manual design with the same training. Trial 0 is therefore the
largest of these that fits the budgets, and evolution starts from a good network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits, Stem
from micronas.space.widths import nearest_width

_WIDTHS = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128)


def baselines(limits: Limits) -> Iterator[LayerwiseArch]:
    """Raw architectures in no particular order; widths clipped by ``limits`` are repeated."""
    for width in _WIDTHS:
        yield _fitted(_vgg(width), limits)
        yield _fitted(_separable(width), limits)
        if limits.hard_swish or limits.squeeze_excite:
            yield _fitted(_mobilenet_v3(width), limits)


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
    """``arch`` with kernels, widths and depth brought into ``limits``."""
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
    return replace(
        block,
        kernel=_kernel(block.kernel, limits),
        width=width,
        expansion=expansion,
        swish=block.swish and limits.hard_swish,
        gate=block.gate and limits.squeeze_excite,
    )


def _kernel(wished: int, limits: Limits) -> int:
    return min(limits.kernels, key=lambda kernel: abs(kernel - wished))
