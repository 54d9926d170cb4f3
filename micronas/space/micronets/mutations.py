"""One-step changes of a MicroNets architecture, by what they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from micronas.space.micronets.arch import MicronetsArch, MicronetsLimits, SlotGenes
from micronas.space.micronets.skeleton import Skeleton
from micronas.space.widths import near_widths

Move: TypeAlias = Callable[[MicronetsArch, MicronetsLimits, Skeleton], Iterator[MicronetsArch]]


def stem_width(arch: MicronetsArch, limits: MicronetsLimits, skeleton: Skeleton) -> Iterator[MicronetsArch]:
    """Another width of the stem."""
    for width in near_widths(arch.stem, limits.widths):
        yield replace(arch, stem=width)


def slot_width(arch: MicronetsArch, limits: MicronetsLimits, skeleton: Skeleton) -> Iterator[MicronetsArch]:
    """Another width of one block that is there."""
    for i, genes in enumerate(arch.slots):
        if genes.kept:
            for width in near_widths(genes.width, limits.widths):
                yield _with_slot(arch, i, replace(genes, width=width))


def slot_expansion(
    arch: MicronetsArch, limits: MicronetsLimits, skeleton: Skeleton
) -> Iterator[MicronetsArch]:
    """Another expansion of one block that is there."""
    for i, genes in enumerate(arch.slots):
        if genes.kept:
            for expansion in limits.allowed_expansions:
                yield _with_slot(arch, i, replace(genes, expansion=expansion))


def slot_left_out(
    arch: MicronetsArch, limits: MicronetsLimits, skeleton: Skeleton
) -> Iterator[MicronetsArch]:
    """One block less."""
    if sum(genes.kept for genes in arch.slots) > limits.min_blocks:
        for i, genes in enumerate(arch.slots):
            if genes.kept and skeleton.strides[i] == 1:
                yield _with_slot(arch, i, replace(genes, kept=False))


def slot_put_in(arch: MicronetsArch, limits: MicronetsLimits, skeleton: Skeleton) -> Iterator[MicronetsArch]:
    """One block more, as wide as what it reads."""
    width = arch.stem
    for i, genes in enumerate(arch.slots):
        if genes.kept:
            width = genes.width
        else:
            yield _with_slot(arch, i, SlotGenes(width, min(limits.allowed_expansions)))


MUTATIONS: tuple[Move, ...] = (stem_width, slot_width, slot_expansion, slot_left_out, slot_put_in)


def _with_slot(arch: MicronetsArch, i: int, genes: SlotGenes) -> MicronetsArch:
    return replace(arch, slots=(*arch.slots[:i], genes, *arch.slots[i + 1 :]))
