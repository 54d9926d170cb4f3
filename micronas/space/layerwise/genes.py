"""The genes of the layer-wise space, each declared once. Their meaning in the network is in ``decode``.

A gene that is added here, with a field and default in ``arch``, is drawn, mutated, read, written, checked and
tokenised without further code. ``canonical`` needs a change only if the gene has no effect on some planes.
"""

from __future__ import annotations

from micronas.space.gene import Gene, in_proportion, near, others, set_with, smallest_with
from micronas.space.gene_group import RecordGenes
from micronas.space.genome import Chain, Genome, One
from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Limits, Stem

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
        Gene("shrink", limits.shrinks),
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
        Gene("swish", FLAG if limits.hard_swish else (False,), steps=others, draw=set_with(0.4)),
        Gene(
            "gate",
            FLAG if limits.squeeze_excite else (False,),
            lambda block: block.kind is not BlockKind.CONV,
            off=False,
            steps=others,
            draw=set_with(0.3),
        ),
        # TensorFlow has no dilated kernel with a stride.
        Gene(
            "dilation",
            limits.dilations,
            lambda block: block.kind is not BlockKind.CONV and block.stride == 1,
            off=1,
            draw=smallest_with(0.6),
            opt_in=True,
        ),
    )


def genome(stem: RecordGenes[Stem], blocks: Chain) -> Genome[LayerwiseArch]:
    """Stem and blocks."""
    return Genome(LayerwiseArch, (One("stem", stem.for_parts()), blocks))
