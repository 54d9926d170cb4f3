"""The region inside a MicroNets skeleton: up to ``max_width`` channels in every layer, blocks left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from micronas.space.layerwise import BlockKind
from micronas.space.micronets import Backbone, MicronetsArch, MicronetsSpace, SlotGenes
from micronas.supernet.block_region import GENES_PER_BLOCK, BlockOptions, BlockRegion
from micronas.supernet.region import Genes, shared_widths

KERNEL_SIZE = 3
"""Kernel of the skeleton's depthwise layers; the stem's follows from the data."""


@dataclass(frozen=True)
class MicronetsRegion(BlockRegion):
    """Every layer up to ``max_width``, so that every block of stride 1 may be skipped."""

    space: MicronetsSpace
    max_width: int
    max_expansion: int = 1

    @property
    def min_blocks(self) -> int:
        """See ``BlockRegion``."""
        return self.space.limits.min_blocks

    @cached_property
    def stem_widths(self) -> tuple[int, ...]:
        """See ``BlockRegion``."""
        return shared_widths(self.max_width, self.space.limits.widths)

    @cached_property
    def blocks(self) -> tuple[BlockOptions, ...]:
        """See ``BlockRegion``."""
        limits = self.space.limits
        inverted = limits.backbone is Backbone.MOBILENET_V2
        kind = BlockKind.INVERTED if inverted else BlockKind.SEPARABLE
        smaller = tuple(e for e in limits.allowed_expansions if e <= self.max_expansion)
        return tuple(
            BlockOptions(
                kind,
                self.stem_widths,
                (KERNEL_SIZE,),
                smaller or (min(limits.allowed_expansions),),
                (0, 1) if stride == 1 else (1,),
            )
            for stride in self.space.skeleton.strides
        )

    def arch(self, genes: Genes) -> MicronetsArch:
        """See ``BlockRegion``."""
        slots = []
        for i, options in enumerate(self.blocks):
            w, _, e, kept = genes[1 + GENES_PER_BLOCK * i : 1 + GENES_PER_BLOCK * (i + 1)]
            slots.append(SlotGenes(options.widths[w], options.expansions[e], bool(options.kept[kept])))
        raw = MicronetsArch(self.stem_widths[genes[0]], tuple(slots))
        return self.space.from_json(self.space.to_json(raw))  # in canonical form
