"""The decisions of a differentiable search: a fixed chain of layers with free widths, kernels, kinds and
depth.

A backbone is a region of the layer-wise space (or of a MicroNets skeleton: ``micronets_backbone``). The
layers that halve planes are fixed (strides cannot be relaxed, because the shapes would differ); everything
else is a decision per layer:

    stem kernel, stem width, and per block: candidate (kind, kernel, expansion), width, kept or skipped.

A block may be skipped if it neither halves the plane nor starts a wider stage. A skipped block outputs its
input, with the width of that input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from micronas.space.extent import Plane, effective_kernel, effective_stride, halved, strided_kernel
from micronas.space.layerwise import Block, BlockKind, LayerwiseSpace, Limits

WIDTH_CHOICES = 8
"""Widths to choose from per layer: MicroNets uses tenths of the widest; these are slightly coarser."""

LAST_PLANE = 8
"""Halving continues until the larger dimension of the plane is at most this."""

SHARE_LARGER_PLANES = 0.25
"""The same for layouts that stop halving one step earlier."""


@dataclass(frozen=True)
class BlockForm:
    """A block's form, in the genes of the layer-wise space."""

    kind: BlockKind
    kernel: int
    expansion: int


@dataclass(frozen=True)
class Slot:
    """One block of the backbone: ``plane`` (height, width) is what it reads, widths ascend."""

    plane: Plane
    stride: int
    candidates: tuple[BlockForm, ...]
    in_widths: tuple[int, ...]
    widths: tuple[int, ...]
    skippable: bool

    def windows(self, kernels: tuple[int, ...]) -> tuple[Plane, ...]:
        """Height and width of kernel genes on the slot's plane."""
        return tuple(effective_kernel(kernel, self.plane) for kernel in kernels)

    @property
    def out_plane(self) -> Plane:
        """Height and width of its output."""
        return halved(self.plane, effective_stride(self.stride, self.plane))

    @property
    def may_add(self) -> bool:
        """Whether an inverted bottleneck has a residual here if its widths agree."""
        return self.out_plane == self.plane

    def block(self, candidate: int, width: int) -> Block:
        """The block of the layer-wise space for two choices (indices)."""
        form = self.candidates[candidate]
        return Block(form.kind, form.kernel, self.stride, self.widths[width], form.expansion)


@dataclass(frozen=True)
class ChoiceBackbone:
    """A chain of slots behind a stem, before global pooling and a dense layer."""

    input_shape: tuple[int, int, int]
    n_classes: int
    stem_windows: tuple[Plane, ...]
    """Height and width of each of the stem's kernels."""
    stem_step: Plane
    """The stem's stride down and across."""
    stem_widths: tuple[int, ...]
    slots: tuple[Slot, ...]
    min_blocks: int
    stem_genes: tuple[tuple[int, int], ...] = ()
    """(kernel, stride) of the layer-wise space for each of ``stem_windows``; none in other spaces."""

    @property
    def last_plane(self) -> Plane:
        """Height and width before global pooling."""
        return self.slots[-1].out_plane

    @property
    def decision_sizes(self) -> tuple[int, ...]:
        """Number of choices of each decision: stem kernel, stem width; per slot candidate, width, keep."""
        sizes = [len(self.stem_windows), len(self.stem_widths)]
        for slot in self.slots:
            sizes += [len(slot.candidates), len(slot.widths), 2 if slot.skippable else 1]
        return tuple(sizes)


@dataclass(frozen=True)
class StageLayout:
    """The blocks that halve planes, and the maximum width of the last stage."""

    stem_stride: int
    strides: tuple[int, ...]
    widest: int


def draw_layout(space: LayerwiseSpace, widest: int, rng: np.random.Generator) -> StageLayout:
    """A layout for data of the space's shape: the stem halves first, to save SRAM."""
    side = max(space.input_shape[:2])
    halvings = max(1, math.ceil(math.log2(side / LAST_PLANE))) - int(rng.random() < SHARE_LARGER_PLANES)
    allowed = [s for s in space.limits.stem_strides if s <= 2**halvings]
    stem_stride = max(allowed, default=min(space.limits.stem_strides))
    count = space.limits.max_blocks
    later = min(max(0, halvings - round(math.log2(stem_stride))), count)
    positions = {round(count * (i + 1) / (later + 2)) for i in range(later)}
    strides = tuple(2 if i in positions else 1 for i in range(count))
    return StageLayout(stem_stride, strides, widest)


def make_backbone(space: LayerwiseSpace, layout: StageLayout) -> ChoiceBackbone:
    """The backbone of ``layout``; stages before the last are half as wide."""
    limits, plane = space.limits, (space.input_shape[0], space.input_shape[1])
    stages = _stages(layout.strides)
    widths = [width_steps(_widest(layout, stages[-1] - stage), limits.widths) for stage in stages]
    stem_kernels = _distinct(limits.kernels, lambda k: strided_kernel(k, layout.stem_stride, plane))
    at = halved(plane, effective_stride(layout.stem_stride, plane))
    slots: list[Slot] = []
    reads = width_steps(_widest(layout, stages[-1]), limits.widths)
    stem_widths = reads
    for stride, writes in zip(layout.strides, widths, strict=True):
        skippable = effective_stride(stride, at) == (1, 1) and reads == writes
        slots.append(Slot(at, stride, _candidates(limits, at), reads, writes, skippable))
        at, reads = slots[-1].out_plane, writes
    return ChoiceBackbone(
        space.input_shape,
        space.n_classes,
        tuple(strided_kernel(k, layout.stem_stride, plane) for k in stem_kernels),
        effective_stride(layout.stem_stride, plane),
        stem_widths,
        tuple(slots),
        limits.min_blocks,
        tuple((k, layout.stem_stride) for k in stem_kernels),
    )


def _stages(strides: tuple[int, ...]) -> list[int]:
    """For each block, the number of blocks up to it that halve the plane."""
    return [int(n) for n in np.cumsum([stride == 2 for stride in strides])]


def _widest(layout: StageLayout, stages_to_come: int) -> float:
    return layout.widest / 2 if stages_to_come else layout.widest


def width_steps(widest: float, allowed: tuple[int, ...]) -> tuple[int, ...]:
    """Up to ``WIDTH_CHOICES`` allowed widths in even steps up to ``widest``."""
    wished = (widest * (i + 1) / WIDTH_CHOICES for i in range(WIDTH_CHOICES))
    return tuple(sorted({min(allowed, key=lambda w: abs(w - wish)) for wish in wished}))


def _candidates(limits: Limits, plane: Plane) -> tuple[BlockForm, ...]:
    """Convolutions with the smallest kernel only: 5x5 costs almost three times as much."""
    kernels = _distinct(limits.kernels, lambda k: effective_kernel(k, plane))
    expansions = sorted({limits.expansions[0], limits.expansions[len(limits.expansions) // 2]})
    return (
        BlockForm(BlockKind.CONV, kernels[0], 1),
        *(BlockForm(BlockKind.SEPARABLE, kernel, 1) for kernel in kernels),
        *(BlockForm(BlockKind.INVERTED, kernel, e) for kernel in kernels[:2] for e in expansions),
    )


def _distinct(kernels: tuple[int, ...], window: Callable[[int], Plane]) -> tuple[int, ...]:
    """Kernels with different effects, each by its smallest gene."""
    by_effect: dict[Plane, int] = {}
    for kernel in sorted(kernels):
        by_effect.setdefault(window(kernel), kernel)
    return tuple(by_effect.values())
