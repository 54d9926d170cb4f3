"""The region of a run's supernet: the networks around the largest baseline that fits.

The computation with shared weights is proportional to the widest network, regardless of how much of it a
candidate uses. The region of a chain therefore extends up to half beyond the reference's widths, and less if
that would be too slow. The region of cells ends at the reference's width or below: the reference has one
operation per cell, and networks with more operations are narrower within the same budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from micronas.errors import ConfigError
from micronas.space import Arch, Space
from micronas.space.cell import CellArch, CellSpace
from micronas.space.layerwise import Block, BlockKind, LayerwiseArch, LayerwiseSpace
from micronas.space.micronets import MicronetsArch, MicronetsSpace
from micronas.space.mlp import MlpArch, MlpSpace
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

MAX_MACS = 5_000_000
"""Limit for the largest network; 20 epochs over 3,500 MNIST digits then take about 100 CPU seconds
(measured).
"""

CELL_SHARES = (1.0, 5 / 6, 2 / 3, 1 / 2, 1 / 3, 1 / 4, 1 / 6)
"""The same for cells."""

MAX_CELL_MACS = 2_500_000
"""Limit for a mean network of full width; scoring one on 1,000 digits then takes about a quarter CPU second
(measured).
"""

MAX_KERNEL = 5
"""Largest kernel of depthwise layers; full convolutions keep theirs, because their cost grows with the area.
"""


def choose_region(space: Space, reference: Arch) -> SharedWeightSpace:
    """The region around ``reference``; raises ``ConfigError`` for a space without one."""
    if isinstance(space, CellSpace) and isinstance(reference, CellArch):
        regions, max_macs = _cell_regions(space, reference), MAX_CELL_MACS
    else:
        regions, max_macs = list(_grown(space, reference)), MAX_MACS
    quick = (region for region in regions if region.pass_macs <= max_macs)
    return next(quick, regions[-1])


def _grown(space: Space, reference: Arch) -> Iterator[SharedWeightSpace]:
    for growth in GROWTHS:
        match space, reference:
            case LayerwiseSpace(), LayerwiseArch():
                yield LayerwiseRegion(space, _grown_layerwise(space, reference, growth))
            case MicronetsSpace(), MicronetsArch():
                widest = max(reference.stem, *(slot.width for slot in reference.slots))
                expansion = max(slot.expansion for slot in reference.slots)
                width = nearest_width(growth * widest, space.limits.widths)
                yield MicronetsRegion(space, width, expansion)
            case MlpSpace(), MlpArch():
                width, last = (
                    nearest_width(growth * w, space.limits.widths)
                    for w in (max(reference.hidden), reference.hidden[-1])
                )
                yield DenseRegion(space, width, last if space.has_bottleneck else None)
            case _:
                raise ConfigError(
                    f"estimator supernet has no weight-sharing network for a {type(space).__name__}",
                    remedy=f"its spaces: {', '.join(SUPERNET_SPACES)}; `micronas strategies` lists all",
                )


def _cell_regions(space: CellSpace, reference: CellArch) -> list[SharedWeightSpace]:
    """Increasingly narrow ones, in the first stack with distinct operations (small planes equate some)."""
    stacks = [
        replace(reference, stages=stages, repeats=repeats, stem_stride=stem_stride)
        for stem_stride in dict.fromkeys((reference.stem_stride, 1))
        for stages, repeats in sorted(space.limits.stacks, key=lambda stack: -stack[0])
        if stages <= reference.stages and repeats == reference.repeats
    ]
    fitting = next((arch for arch in stacks if distinct_operations(CellRegion(space, arch))), None)
    if fitting is None:
        raise ConfigError(
            f"estimator supernet: inputs of {space.input_shape} are too small for cells with shared weights",
            remedy="use another space or another estimator",
        )
    widths = [nearest_width(share * reference.channels, space.limits.widths) for share in CELL_SHARES]
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
