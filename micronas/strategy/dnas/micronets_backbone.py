"""The backbone of a MicroNets skeleton: strides, kinds and kernels are fixed, widths and depth are free.

That is the search of Banbury et al. (2021): tenths of the widest channels per layer, and the selection of
blocks; also expansions, if the blocks are inverted bottlenecks.
"""

from __future__ import annotations

from micronas.space.extent import effective_stride, halved
from micronas.space.layerwise import BlockKind
from micronas.space.micronets import MicronetsSpace
from micronas.strategy.dnas.backbone import BlockForm, ChoiceBackbone, Slot, width_steps

KERNEL_SIZE = 3
"""Of the skeleton's depthwise layers."""


def make_micronets_backbone(space: MicronetsSpace, widest: int) -> ChoiceBackbone:
    """All layers up to ``widest``, so that every block of stride 1 may be skipped."""
    limits, skeleton = space.limits, space.skeleton
    widths = width_steps(widest, limits.widths)
    at = (space.input_shape[0], space.input_shape[1])
    height, width = (min(k, 2 * size - 1) for k, size in zip(skeleton.stem_kernel, at, strict=True))
    step = effective_stride(skeleton.stem_stride, at)
    candidates = _candidates(space)
    slots: list[Slot] = []
    at = halved(at, step)
    for stride in skeleton.strides:
        slots.append(Slot(at, stride, candidates, widths, widths, skippable=stride == 1))
        at = slots[-1].out_plane
    return ChoiceBackbone(
        space.input_shape,
        space.n_classes,
        stem_windows=((height, width),),
        stem_step=step,
        stem_widths=widths,
        slots=tuple(slots),
        min_blocks=limits.min_blocks,
    )


def _candidates(space: MicronetsSpace) -> tuple[BlockForm, ...]:
    expansions = space.limits.allowed_expansions
    if expansions == (1,):
        return (BlockForm(BlockKind.SEPARABLE, KERNEL_SIZE, 1),)
    return tuple(BlockForm(BlockKind.INVERTED, KERNEL_SIZE, expansion) for expansion in expansions)
