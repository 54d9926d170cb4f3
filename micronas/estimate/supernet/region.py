"""The networks that live inside one large network: narrower, shorter and with smaller kernels.

A ``Region`` is a search space of its own (``micronas.space.Space``), so that any strategy can walk it. Its
architectures are tuples of indices, one per free gene:

    stem: width; each block: width, kernel, expansion, kept or skipped

Strides, kinds of block and pooling are those of the largest network, as in once-for-all networks (Cai et al.
2020): what halves a plane cannot differ between networks that share weights by slicing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from micronas.errors import SpaceError
from micronas.net import Net
from micronas.space.base import file_bytes, hash_net
from micronas.space.layerwise import BlockKind, LayerwiseArch, LayerwiseSpace
from micronas.trial import Json

Genes: TypeAlias = tuple[int, ...]

WIDTH_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Widths to choose from, as shares of the largest network's."""

GENES_PER_BLOCK = 4
WIDTH, KERNEL, EXPANSION, KEPT = range(GENES_PER_BLOCK)


@dataclass(frozen=True)
class BlockOptions:
    """What a block may be, ascending. ``kept`` is (1,), or (0, 1) where the block may be skipped."""

    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def of_genes(self) -> tuple[tuple[int, ...], ...]:
        """The options in the order of the genes."""
        return self.widths, self.kernels, self.expansions, self.kept


@dataclass(frozen=True)
class Region:
    """All networks inside ``largest``, an architecture of ``space``."""

    space: LayerwiseSpace
    largest: LayerwiseArch

    def __post_init__(self) -> None:
        if self.largest.stem.shrink > 1 or any(b.swish or b.gate or b.pool for b in self.largest.blocks):
            raise SpaceError(
                "a supernet's largest network has no shrinking, pooling, hard-swish or squeeze-excite",
                remedy="choose one of space.hand_made()",
            )

    @cached_property
    def stem_widths(self) -> tuple[int, ...]:
        """Widths of the stem, ascending."""
        return self._widths(self.largest.stem.width)

    @cached_property
    def blocks(self) -> tuple[BlockOptions, ...]:
        """Options of every block."""
        found, reads = [], self.largest.stem.width
        for block in self.largest.blocks:
            kernels = tuple(k for k in sorted(self.space.limits.kernels) if k <= block.kernel)
            smaller = (e for e in sorted(self.space.limits.expansions) if e <= block.expansion)
            inverted = block.kind is BlockKind.INVERTED
            skippable = block.stride == 1 and reads == block.width
            found.append(
                BlockOptions(
                    self._widths(block.width),
                    kernels,
                    tuple(smaller) if inverted else (1,),
                    (0, 1) if skippable else (1,),
                )
            )
            reads = block.width
        return tuple(found)

    @cached_property
    def sizes(self) -> Genes:
        """Number of options of every gene."""
        options = [self.stem_widths, *(o for block in self.blocks for o in block.of_genes)]
        return tuple(len(o) for o in options)

    @property
    def widest(self) -> Genes:
        """The genes of ``largest``."""
        return tuple(size - 1 for size in self.sizes)

    @property
    def narrowest(self) -> Genes:
        """The smallest network that has every block it needs."""
        return self._enough_blocks((0,) * len(self.sizes))

    def arch(self, genes: Genes) -> LayerwiseArch:
        """The architecture in the layer-wise space."""
        blocks = []
        for i, (block, options) in enumerate(zip(self.largest.blocks, self.blocks, strict=True)):
            w, k, e, kept = genes[1 + GENES_PER_BLOCK * i : 1 + GENES_PER_BLOCK * (i + 1)]
            if options.kept[kept]:
                sized = replace(block, width=options.widths[w], kernel=options.kernels[k])
                blocks.append(replace(sized, expansion=options.expansions[e]))
        stem = replace(self.largest.stem, width=self.stem_widths[genes[0]])
        return LayerwiseArch(stem, tuple(blocks))

    def sample(self, rng: np.random.Generator) -> Genes:
        """Every gene drawn evenly."""
        return self._enough_blocks(tuple(int(rng.integers(size)) for size in self.sizes))

    def mutate(self, arch: Genes, rng: np.random.Generator) -> Genes:
        """One of the neighbours."""
        options = self.neighbours(arch)
        return options[rng.integers(len(options))]

    def crossover(self, a: Genes, b: Genes, rng: np.random.Generator) -> Genes:
        """Each gene from either parent."""
        mixed = tuple(x if rng.integers(2) else y for x, y in zip(a, b, strict=True))
        return self._enough_blocks(mixed)

    def neighbours(self, arch: Genes) -> tuple[Genes, ...]:
        """All networks that one changed gene gives, each once."""
        own = self.key(arch)
        by_key = {self.key(genes): genes for genes in self._changed(arch)}
        return tuple(genes for key, genes in by_key.items() if key != own)

    def net(self, arch: Genes) -> Net:
        """The stand-alone network."""
        if len(arch) != len(self.sizes) or not all(0 <= g < n for g, n in zip(arch, self.sizes, strict=True)):
            raise SpaceError(f"{arch} are not genes of this region: options per gene are {self.sizes}")
        return self.space.net(self.arch(arch))

    def hand_made(self) -> tuple[Genes, ...]:
        """The largest network and the evenly narrowed ones, largest file first."""
        narrowed = [tuple(min(n - 1, step) for n in self.sizes) for step in range(len(WIDTH_SHARES))]
        distinct = {self.key(g): g for g in map(self._enough_blocks, [self.widest, *narrowed])}
        return tuple(sorted(distinct.values(), key=lambda g: file_bytes(self.net(g)), reverse=True))

    def to_json(self, arch: Genes) -> Json:
        """A list of indices."""
        return list(arch)

    def from_json(self, data: Json) -> Genes:
        """Checked genes; raises ``SpaceError``."""
        if not isinstance(data, list) or not all(isinstance(g, int) for g in data):
            raise SpaceError(f"genes are a list of whole numbers, not {data!r}")
        genes = tuple(int(g) for g in data if isinstance(g, int))
        self.net(genes)
        return genes

    def key(self, arch: Genes) -> str:
        """Equal for genes that give the same network: those of a skipped block have no effect."""
        return hash_net(self.net(arch))

    def _widths(self, widest: int) -> tuple[int, ...]:
        wished = (share * widest for share in WIDTH_SHARES)
        allowed = [w for w in self.space.limits.widths if w <= widest]
        return tuple(sorted({min(allowed, key=lambda w: abs(w - wish)) for wish in wished}))

    def _changed(self, arch: Genes) -> Iterator[Genes]:
        for i, size in enumerate(self.sizes):
            for option in range(size):
                if option != arch[i]:
                    yield self._enough_blocks((*arch[:i], option, *arch[i + 1 :]))

    def _enough_blocks(self, genes: Genes) -> Genes:
        """``genes`` with skipped blocks brought back, the first ones first, to the space's minimum."""
        fixed = list(genes)
        kept = [1 + GENES_PER_BLOCK * i + KEPT for i in range(len(self.blocks))]
        count = sum(b.kept[fixed[k]] for b, k in zip(self.blocks, kept, strict=True))
        for options, k in zip(self.blocks, kept, strict=True):
            if count < self.space.limits.min_blocks and not options.kept[fixed[k]]:
                fixed[k], count = len(options.kept) - 1, count + 1
        return tuple(fixed)
