"""The region of a run's supernet: the networks around the largest baseline that fits.

The computation with shared weights is proportional to the widest network, regardless of how much of it a
candidate uses. The region of a chain therefore extends up to half beyond the reference's widths, and less if
that would be too slow. The region of cells ends at the reference's width or below: the reference has one
operation per cell, and networks with more operations are narrower within the same budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

from micronas.errors import ConfigError
from micronas.space import Arch, Space
from micronas.space.cell import CellSpace
from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace
from micronas.space.micronets import MicronetsSpace
from micronas.space.mlp import MlpSpace
from micronas.space.widths import nearest_width
from micronas.supernet import SUPERNET_SPACES
from micronas.supernet.cell_plan import distinct_operations
from micronas.supernet.cell_region import CellRegion
from micronas.supernet.dense_region import DenseRegion
from micronas.supernet.layerwise_region import LayerwiseRegion, plain
from micronas.supernet.micronets_region import MicronetsRegion
from micronas.supernet.region import SharedWeightSpace

GROWTHS = (1.5, 1.25, 1.0)
"""How much wider than the reference the region's largest network is; the first that is fast enough is used.
"""

CELL_SHARES = (1.0, 5 / 6, 2 / 3, 1 / 2, 1 / 3, 1 / 4, 1 / 6)
"""The same for cells."""

MAX_KERNEL = 5
"""Largest kernel of depthwise layers; full convolutions keep theirs, because their cost grows with the area.
"""


def choose_region(space: Space, reference: Arch) -> SharedWeightSpace:
    """The region around ``reference``; raises ``ConfigError`` for a space without one."""
    regions = regions_around(space, reference)
    quick = (region for region in regions if region.pass_macs <= region.max_pass_macs)
    return next(quick, regions[-1])


@singledispatch
def regions_around(space: Space, reference: Arch) -> Sequence[SharedWeightSpace]:
    """Regions around ``reference``, from large to small; a space registers its own."""
    raise ConfigError(
        f"estimator supernet has no weight-sharing network for a {type(space).__name__}",
        remedy=f"its spaces: {', '.join(SUPERNET_SPACES)}; `micronas strategies` lists all",
    )


@regions_around.register(LayerwiseSpace)
def _layerwise_regions(space: LayerwiseSpace, reference: Arch) -> Sequence[SharedWeightSpace]:
    own = space.own(reference)
    return [LayerwiseRegion(space, _grown_layerwise(space, own, growth)) for growth in GROWTHS]


@regions_around.register(MicronetsSpace)
def _micronets_regions(space: MicronetsSpace, reference: Arch) -> Sequence[SharedWeightSpace]:
    own = space.own(reference)
    widest = max(own.stem, *(slot.width for slot in own.slots))
    expansion = max(slot.expansion for slot in own.slots)
    widths = (nearest_width(growth * widest, space.limits.widths) for growth in GROWTHS)
    return [MicronetsRegion(space, width, expansion) for width in widths]


@regions_around.register(MlpSpace)
def _dense_regions(space: MlpSpace, reference: Arch) -> Sequence[SharedWeightSpace]:
    hidden, allowed = space.own(reference).hidden, space.limits.widths

    def region(growth: float) -> DenseRegion:
        width, last = (nearest_width(growth * own, allowed) for own in (max(hidden), hidden[-1]))
        return DenseRegion(space, width, last if space.has_bottleneck else None)

    return [region(growth) for growth in GROWTHS]


@regions_around.register(CellSpace)
def _cell_regions(space: CellSpace, reference: Arch) -> Sequence[SharedWeightSpace]:
    """Increasingly narrow ones, in the first stack with distinct operations (small planes equate some)."""
    own = space.own(reference)
    stacks = [
        replace(own, stages=stages, repeats=repeats, stem_stride=stem_stride)
        for stem_stride in dict.fromkeys((own.stem_stride, 1))
        for stages, repeats in sorted(space.limits.stacks, key=lambda stack: -stack[0])
        if stages <= own.stages and repeats == own.repeats
    ]
    fitting = next((arch for arch in stacks if distinct_operations(CellRegion(space, arch))), None)
    if fitting is None:
        raise ConfigError(
            f"estimator supernet: inputs of {space.input_shape} are too small for cells with shared weights",
            remedy="use another space or another estimator",
        )
    widths = [nearest_width(share * own.channels, space.limits.widths) for share in CELL_SHARES]
    return [CellRegion(space, replace(fitting, channels=width)) for width in dict.fromkeys(widths)]


def _grown_layerwise(space: LayerwiseSpace, reference: LayerwiseArch, growth: float) -> LayerwiseArch:
    """``reference`` widened, with larger depthwise kernels, and its last block repeated if depth allows."""
    limits = space.limits
    kernel = max(k for k in limits.kernels if k <= max(MAX_KERNEL, min(limits.kernels)))

    def width(own: int) -> int:
        return nearest_width(growth * own, limits.widths)

    def grown(block: Block) -> Block:
        wide = replace(block, width=width(block.width))
        return wide if block.kind is BlockKind.CONV else replace(wide, kernel=max(kernel, block.kernel))

    blocks = [grown(block) for block in plain(reference).blocks]
    if len(blocks) < limits.max_blocks:
        blocks.append(replace(blocks[-1], stride=1))
    stem = replace(plain(reference).stem, width=width(reference.stem.width))
    return space.from_json(space.to_json(LayerwiseArch(stem, tuple(blocks))))  # in canonical form
