"""The genes that every layer-wise space has, each declared once; ``arch`` declares the optional ones."""

from __future__ import annotations

from micronas.space.gene import Gene, in_proportion, near, others, smallest_with
from micronas.space.gene_group import RecordGenes
from micronas.space.genome import Chain, Genome, One
from micronas.space.layerwise.arch import Block, BlockKind, Head, LayerwiseArch, Limits, Stem
from micronas.space.optional_gene import optional_genes

FLAG = (False, True)

STEP_ORDER = ("width", "kernel", "stride", "pool", "kind", "expansion")
"""The first genes of a block; their order determines how mutations use random numbers."""


def stem_genes(limits: Limits) -> RecordGenes[Stem]:
    """Genes of the stem."""
    return RecordGenes(
        Stem,
        Gene("kernel", limits.kernels, draw=smallest_with(0.6)),
        # The first layer's output is the most frequent reason for exceeding SRAM, so long strides are more
        # likely.
        Gene("stride", limits.stem_strides, draw=in_proportion),
        Gene("width", limits.widths, steps=near),
        *optional_genes(Stem, limits.optional),
    )


def block_genes(limits: Limits) -> RecordGenes[Block]:
    """Genes of a block."""
    return RecordGenes(
        Block,
        Gene("kind", tuple(BlockKind), steps=others),
        Gene("kernel", limits.kernels, draw=smallest_with(0.6)),
        Gene("stride", (1, 2), steps=others),
        Gene("width", limits.widths, steps=near),
        Gene("expansion", limits.expansions, lambda block: block.kind is BlockKind.INVERTED, off=1),
        Gene("pool", FLAG, steps=others),
        *optional_genes(Block, limits.optional),
    )


def head_genes(limits: Limits) -> RecordGenes[Head]:
    """Genes of the head."""
    return RecordGenes(Head, *optional_genes(Head, limits.optional))


def genome(stem: RecordGenes[Stem], blocks: Chain, head: RecordGenes[Head]) -> Genome[LayerwiseArch]:
    """Stem, blocks and head, which is no part while its genes are off."""
    parts = (One("stem", stem.for_parts()), blocks, One("head", head.for_parts()))
    return Genome(LayerwiseArch, tuple(part for part in parts if part.genes.genes))
