"""The genes of the micronets space, each declared once; their meaning in the network is in ``decode``."""

from __future__ import annotations

from micronas.space.gene import Gene, near
from micronas.space.gene_group import RecordGenes, SingleGene
from micronas.space.genome import Genome, One, Row
from micronas.space.micronets.arch import MicronetsArch, MicronetsLimits, SlotGenes
from micronas.space.micronets.skeleton import Skeleton
from micronas.space.optional_gene import optional_genes


def _is_kept(slot: SlotGenes) -> bool:
    return slot.kept


def slot_genes(limits: MicronetsLimits) -> RecordGenes[SlotGenes]:
    """Genes of a block; a skipped block has no width and no expansion."""
    return RecordGenes(
        SlotGenes,
        Gene("kept", (True, False)),
        Gene("width", limits.widths, _is_kept, steps=near),
        Gene("expansion", limits.allowed_expansions, _is_kept),
        *optional_genes(SlotGenes, limits.optional),
    )


def genome(
    limits: MicronetsLimits, slot: RecordGenes[SlotGenes], skeleton: Skeleton
) -> Genome[MicronetsArch]:
    """Width of the stem, and the blocks; those that halve the plane are always kept."""
    fixed = tuple({"kept": True} if stride > 1 else {} for stride in skeleton.strides)
    stem = One("stem", SingleGene(Gene("stem", limits.widths, steps=near)).for_parts())
    return Genome(MicronetsArch, (stem, Row("slots", slot.for_parts(), fixed, limits.min_blocks)))
