"""Networks inside one large chain of blocks: narrower, shorter and with smaller kernels.

    stem: width; each block: width, kernel, expansion, kept or skipped

Strides, kinds of block and pooling are those of the largest network, as in once-for-all networks (Cai et al.
2020): strides cannot differ between networks that share weights by slicing.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from micronas.space.layerwise import BlockKind
from micronas.supernet.region import Genes, NestedRegion

GENES_PER_BLOCK = 4
WIDTH, KERNEL, EXPANSION, KEPT = range(GENES_PER_BLOCK)

LAYERS = {BlockKind.CONV: 1, BlockKind.SEPARABLE: 2, BlockKind.INVERTED: 3}
"""Weighted layers per block."""


@dataclass(frozen=True)
class BlockOptions:
    """The options of a block, ascending. ``kept`` is (1,), or (0, 1) if the block may be skipped."""

    kind: BlockKind
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def of_genes(self) -> tuple[tuple[int, ...], ...]:
        """The options in the order of the genes."""
        return self.widths, self.kernels, self.expansions, self.kept


class BlockRegion(NestedRegion):
    """All networks inside one large architecture."""

    runs_graphs_unfused: ClassVar[bool] = True

    @property
    @abstractmethod
    def min_blocks(self) -> int:
        """The minimum number of blocks of the space."""

    @cached_property
    @abstractmethod
    def stem_widths(self) -> tuple[int, ...]:
        """Widths of the stem, ascending."""

    @cached_property
    @abstractmethod
    def blocks(self) -> tuple[BlockOptions, ...]:
        """Options of every block."""

    @cached_property
    def sizes(self) -> Genes:
        """See ``SharedWeightSpace``."""
        options = [self.stem_widths, *(o for block in self.blocks for o in block.of_genes)]
        return tuple(len(o) for o in options)

    @property
    def widest(self) -> Genes:
        """The genes of the largest network."""
        return tuple(size - 1 for size in self.sizes)

    @property
    def narrowest(self) -> Genes:
        """The smallest network with all required blocks."""
        return self.repaired((0,) * len(self.sizes))

    @property
    def raw_baselines(self) -> tuple[Genes, ...]:
        """The largest network and the evenly narrowed ones."""
        narrowed = [tuple(min(n - 1, step) for n in self.sizes) for step in range(max(self.sizes))]
        return tuple(map(self.repaired, [self.widest, *narrowed]))

    @property
    def pass_macs(self) -> int:
        """Those of the largest network, including masked parts."""
        return self.net(self.widest).macs

    def repaired(self, genes: Genes) -> Genes:
        """``genes`` with skipped blocks restored, starting from the first, up to the space's minimum."""
        fixed = list(genes)
        kept = [1 + GENES_PER_BLOCK * i + KEPT for i in range(len(self.blocks))]
        count = sum(b.kept[fixed[k]] for b, k in zip(self.blocks, kept, strict=True))
        for options, k in zip(self.blocks, kept, strict=True):
            if count < self.min_blocks and not options.kept[fixed[k]]:
                fixed[k], count = len(options.kept) - 1, count + 1
        return tuple(fixed)
