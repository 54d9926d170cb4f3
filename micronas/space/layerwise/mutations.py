"""One-step changes of a layer-wise architecture, by what they change.

Each generator yields raw neighbours; the space brings them into canonical form and drops those that come
out as the network they started from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits
from micronas.space.widths import near_widths

Move: TypeAlias = Callable[[LayerwiseArch, Limits], Iterator[LayerwiseArch]]


def stem_kernel(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another kernel in the stem."""
    for kernel in limits.kernels:
        yield replace(arch, stem=replace(arch.stem, kernel=kernel))


def stem_stride(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another stride in the stem."""
    for stride in limits.stem_strides:
        yield replace(arch, stem=replace(arch.stem, stride=stride))


def stem_shrink(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another resolution."""
    for shrink in limits.shrinks:
        yield replace(arch, stem=replace(arch.stem, shrink=shrink))


def stem_width(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another width of the stem."""
    for width in near_widths(arch.stem.width, limits.widths):
        yield replace(arch, stem=replace(arch.stem, width=width))


def block_width(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another width of one block."""
    for i, block in enumerate(arch.blocks):
        for width in near_widths(block.width, limits.widths):
            yield _with_block(arch, i, replace(block, width=width))


def block_kernel(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another kernel of one block."""
    for i, block in enumerate(arch.blocks):
        for kernel in limits.kernels:
            yield _with_block(arch, i, replace(block, kernel=kernel))


def block_stride(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """The other stride of one block."""
    for i, block in enumerate(arch.blocks):
        yield _with_block(arch, i, replace(block, stride=3 - block.stride))


def block_pool(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Pooling put behind one block, or taken away."""
    for i, block in enumerate(arch.blocks):
        yield _with_block(arch, i, replace(block, pool=not block.pool))


def block_kind(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another kind of one block; an inverted bottleneck starts with the smallest expansion."""
    for i, block in enumerate(arch.blocks):
        for kind in BlockKind:
            if kind is not block.kind:
                yield _with_block(arch, i, of_kind(block, kind, limits))


def block_expansion(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Another expansion of one inverted bottleneck."""
    for i, block in enumerate(arch.blocks):
        if block.kind is BlockKind.INVERTED:
            for expansion in limits.expansions:
                yield _with_block(arch, i, replace(block, expansion=expansion))


def block_swish(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """ReLU for hard-swish in one block, or the other way round."""
    if limits.hard_swish:
        for i, block in enumerate(arch.blocks):
            yield _with_block(arch, i, replace(block, swish=not block.swish))


def block_gate(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """Squeeze-excite put into one block, or taken away."""
    if limits.squeeze_excite:
        for i, block in enumerate(arch.blocks):
            yield _with_block(arch, i, replace(block, gate=not block.gate))


def add_block(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """A new block of any kind, smallest kernel, stride 1, as wide as what it reads."""
    if len(arch.blocks) >= limits.max_blocks:
        return
    for i in range(len(arch.blocks) + 1):
        width = arch.blocks[i - 1].width if i else arch.stem.width
        for kind in BlockKind:
            new = of_kind(Block(kind, min(limits.kernels), 1, width), kind, limits)
            yield replace(arch, blocks=(*arch.blocks[:i], new, *arch.blocks[i:]))


def remove_block(arch: LayerwiseArch, limits: Limits) -> Iterator[LayerwiseArch]:
    """One block less."""
    if len(arch.blocks) <= limits.min_blocks:
        return
    for i in range(len(arch.blocks)):
        yield replace(arch, blocks=(*arch.blocks[:i], *arch.blocks[i + 1 :]))


MUTATIONS: tuple[Move, ...] = (
    stem_kernel,
    stem_stride,
    stem_width,
    stem_shrink,
    block_width,
    block_kernel,
    block_stride,
    block_pool,
    block_kind,
    block_expansion,
    block_swish,
    block_gate,
    add_block,
    remove_block,
)


def of_kind(block: Block, kind: BlockKind, limits: Limits) -> Block:
    """``block`` turned into another kind."""
    expansion = min(limits.expansions) if kind is BlockKind.INVERTED else 1
    return replace(block, kind=kind, expansion=expansion, gate=block.gate and kind is not BlockKind.CONV)


def _with_block(arch: LayerwiseArch, i: int, block: Block) -> LayerwiseArch:
    return replace(arch, blocks=(*arch.blocks[:i], block, *arch.blocks[i + 1 :]))
