"""The networks that live inside one large network: narrower, shorter and with smaller kernels.

A ``Region`` is a search space of its own (``micronas.space.Space``), so that any strategy can walk it. Its
architectures are tuples of indices, one per free gene:

    stem: width; each block: width, kernel, expansion, kept or skipped

Strides, kinds of block and pooling are those of the largest network, as in once-for-all networks (Cai et al.
2020): what halves a plane cannot differ between networks that share weights by slicing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from micronas.errors import SpaceError
from micronas.net import Net
from micronas.space.base import Arch, Space, file_bytes, hash_net
from micronas.space.layerwise import BlockKind
from micronas.space.widths import nearest_width
from micronas.trial import Json

Genes: TypeAlias = tuple[int, ...]

WIDTH_SHARES = (1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0)
"""Widths to choose from, as shares of the largest network's."""

GENES_PER_BLOCK = 4
WIDTH, KERNEL, EXPANSION, KEPT = range(GENES_PER_BLOCK)


@dataclass(frozen=True)
class BlockOptions:
    """What a block may be, ascending. ``kept`` is (1,), or (0, 1) where the block may be skipped."""

    kind: BlockKind
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def of_genes(self) -> tuple[tuple[int, ...], ...]:
        """The options in the order of the genes."""
        return self.widths, self.kernels, self.expansions, self.kept


class Region(ABC):
    """All networks inside one large architecture of ``space``; each kind of space has its own form."""

    space: Space

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Classes of the data."""

    @property
    @abstractmethod
    def min_blocks(self) -> int:
        """The least number of blocks that the space allows."""

    @cached_property
    @abstractmethod
    def stem_widths(self) -> tuple[int, ...]:
        """Widths of the stem, ascending."""

    @cached_property
    @abstractmethod
    def blocks(self) -> tuple[BlockOptions, ...]:
        """Options of every block."""

    @abstractmethod
    def arch(self, genes: Genes) -> Arch:
        """The architecture in ``space``."""

    @cached_property
    def sizes(self) -> Genes:
        """Number of options of every gene."""
        options = [self.stem_widths, *(o for block in self.blocks for o in block.of_genes)]
        return tuple(len(o) for o in options)

    @property
    def widest(self) -> Genes:
        """The genes of the largest network."""
        return tuple(size - 1 for size in self.sizes)

    @property
    def narrowest(self) -> Genes:
        """The smallest network that has every block it needs."""
        return self.enough_blocks((0,) * len(self.sizes))

    def sample(self, rng: np.random.Generator) -> Genes:
        """Every gene drawn evenly."""
        return self.enough_blocks(tuple(int(rng.integers(size)) for size in self.sizes))

    def mutate(self, arch: Genes, rng: np.random.Generator) -> Genes:
        """One of the neighbours."""
        options = self.neighbours(arch)
        return options[rng.integers(len(options))]

    def crossover(self, a: Genes, b: Genes, rng: np.random.Generator) -> Genes:
        """Each gene from either parent."""
        mixed = tuple(x if rng.integers(2) else y for x, y in zip(a, b, strict=True))
        return self.enough_blocks(mixed)

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
        steps = range(max(self.sizes))
        narrowed = [tuple(min(n - 1, step) for n in self.sizes) for step in steps]
        distinct = {self.key(g): g for g in map(self.enough_blocks, [self.widest, *narrowed])}
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

    def _changed(self, arch: Genes) -> Iterator[Genes]:
        for i, size in enumerate(self.sizes):
            for option in range(size):
                if option != arch[i]:
                    yield self.enough_blocks((*arch[:i], option, *arch[i + 1 :]))

    def enough_blocks(self, genes: Genes) -> Genes:
        """``genes`` with skipped blocks brought back, the first ones first, to the space's minimum."""
        fixed = list(genes)
        kept = [1 + GENES_PER_BLOCK * i + KEPT for i in range(len(self.blocks))]
        count = sum(b.kept[fixed[k]] for b, k in zip(self.blocks, kept, strict=True))
        for options, k in zip(self.blocks, kept, strict=True):
            if count < self.min_blocks and not options.kept[fixed[k]]:
                fixed[k], count = len(options.kept) - 1, count + 1
        return tuple(fixed)


def shared_widths(largest: int, allowed: Sequence[int]) -> tuple[int, ...]:
    """The allowed widths next to ``WIDTH_SHARES`` of ``largest``, ascending."""
    fitting = [w for w in allowed if w <= largest]
    return tuple(sorted({nearest_width(share * largest, fitting) for share in WIDTH_SHARES}))
