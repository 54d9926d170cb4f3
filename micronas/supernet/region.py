"""The networks that share one set of weights: a separate search space.

A ``SharedWeightSpace`` is a ``micronas.space.Space``, so that any strategy can search it. Its architectures
are tuples of indices, one per free gene; the meaning of a gene depends on the kind of region:

    BlockRegion    narrower, shorter, smaller kernels   (layer-wise networks, MicroNets skeletons)
    CellRegion     edges and operations of two cells, channels
    DenseRegion    narrower and shorter                 (dense networks and autoencoders)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, TypeAlias

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import Arch, Space, file_bytes, hash_net
from micronas.space.single_mutation import one_step
from micronas.space.widths import nearest_width
from micronas.supernet.region_grammar import RegionGrammar
from micronas.trial import Json

Genes: TypeAlias = tuple[int, ...]

WIDTH_SHARES = (1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0)
"""Widths to choose from, as shares of the largest network's."""


class SharedWeightSpace(ABC):
    """All networks of ``space`` whose weights are shared; each kind of space has its own implementation."""

    space: Space
    trains_single_paths: ClassVar[bool] = False
    """Whether a training step takes one operation per edge, not the widest and the narrowest network."""
    runs_graphs_unfused: ClassVar[bool] = False
    """Whether its graphs run faster as they are traced (``train.process.leave_graphs_unfused``)."""
    max_pass_macs: ClassVar[int] = 5_000_000
    """Limit of ``pass_macs`` for a region that is fast enough: 20 epochs over 3,500 MNIST digits then take
    about 100 CPU seconds (measured).
    """

    @cached_property
    @abstractmethod
    def sizes(self) -> Genes:
        """Number of options of every gene."""

    @abstractmethod
    def arch(self, genes: Genes) -> Arch:
        """The architecture in ``space``."""

    @abstractmethod
    def repaired(self, genes: Genes) -> Genes:
        """The canonical genes of a network of the space, nearest to ``genes``; canonical ones are kept."""

    @property
    @abstractmethod
    def raw_baselines(self) -> tuple[Genes, ...]:
        """Good designs by hand, in any order and with repetitions."""

    @property
    @abstractmethod
    def pass_macs(self) -> int:
        """Multiply-accumulates of one sample in the shared weights."""

    def own(self, arch: Arch) -> Genes:
        """``arch`` as genes of this region; raises ``SpaceError`` for anything else."""
        sizes = self.sizes
        if isinstance(arch, tuple) and len(arch) == len(sizes):
            genes = tuple(gene for gene in arch if isinstance(gene, int))
            if len(genes) == len(sizes) and all(0 <= g < n for g, n in zip(genes, sizes, strict=True)):
                return genes
        raise SpaceError(f"{arch} are not genes of this region: options per gene are {sizes}")

    def sample(self, rng: np.random.Generator) -> Genes:
        """Every gene drawn uniformly."""
        return self.repaired(tuple(int(rng.integers(size)) for size in self.sizes))

    def mutate(self, arch: Arch, rng: np.random.Generator) -> Genes:
        """A random neighbour: a uniformly drawn gene, then another option of it."""
        genes = self.own(arch)
        free = [i for i, size in enumerate(self.sizes) if size > 1]
        return one_step((self._changed(genes, i) for i in free), genes, self.repaired, self.key, rng)

    def crossover(self, a: Arch, b: Arch, rng: np.random.Generator) -> Genes:
        """Each gene from either parent."""
        pairs = zip(self.own(a), self.own(b), strict=True)
        return self.repaired(tuple(x if rng.integers(2) else y for x, y in pairs))

    def neighbours(self, arch: Arch) -> tuple[Genes, ...]:
        """All networks with one changed gene, each once."""
        genes, own = self.own(arch), self.key(arch)
        reached = (self.repaired(g) for i in range(len(self.sizes)) for g in self._changed(genes, i))
        by_key = {self.key(other): other for other in dict.fromkeys(reached)}
        return tuple(other for key, other in by_key.items() if key != own)

    def net(self, arch: Arch) -> Net:
        """The stand-alone network."""
        return self.space.net(self.arch(self.own(arch)))

    def baselines(self) -> tuple[Genes, ...]:
        """``raw_baselines``, each network once, largest file first."""
        distinct = {self.key(genes): genes for genes in self.raw_baselines}
        return tuple(sorted(distinct.values(), key=lambda g: file_bytes(self.net(g)), reverse=True))

    def to_json(self, arch: Arch) -> Json:
        """A list of indices."""
        return list(self.own(arch))

    def from_json(self, data: Json) -> Genes:
        """Checked genes; raises ``SpaceError``."""
        if not isinstance(data, list) or not all(isinstance(g, int) for g in data):
            raise SpaceError(f"genes are a list of whole numbers, not {data!r}")
        genes = tuple(int(g) for g in data if isinstance(g, int))
        self.net(genes)
        return genes

    def key(self, arch: Arch) -> str:
        """Equal for genes that give the same network: genes of a skipped part have no effect."""
        return hash_net(self.net(arch))

    def grammar(self) -> RegionGrammar:
        """One token per free gene."""
        return RegionGrammar(self.sizes, self.repaired)

    def _changed(self, arch: Genes, gene: int) -> Iterator[Genes]:
        """All other options of one gene, raw."""
        others = (option for option in range(self.sizes[gene]) if option != arch[gene])
        return ((*arch[:gene], option, *arch[gene + 1 :]) for option in others)


class NestedRegion(SharedWeightSpace):
    """A region with a network that contains all others."""

    @property
    @abstractmethod
    def widest(self) -> Genes:
        """The genes of the largest network."""

    @property
    @abstractmethod
    def narrowest(self) -> Genes:
        """The genes of the smallest network with all required parts."""


def shared_widths(largest: int, allowed: Sequence[int]) -> tuple[int, ...]:
    """The allowed widths next to ``WIDTH_SHARES`` of ``largest``, ascending."""
    fitting = [w for w in allowed if w <= largest]
    return tuple(sorted({nearest_width(share * largest, fitting) for share in WIDTH_SHARES}))
