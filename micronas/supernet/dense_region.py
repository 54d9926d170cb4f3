"""The region of dense networks and autoencoders: the whole space up to a width.

    number of layers; width of every layer

A shallower network leaves out the last layers, an autoencoder those before the bottleneck and their mirror
images. Genes of layers that are left out are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from micronas.errors import SpaceError
from micronas.space.mlp import MlpArch, MlpSpace
from micronas.supernet.region import Genes, NestedRegion

DEPTH, FIRST_LAYER = range(2)


@dataclass(frozen=True)
class DenseStep:
    """A layer of the chain: the gene of its width, and the minimum depth at which it exists."""

    gene: int
    min_depth: int


@dataclass(frozen=True)
class DenseRegion(NestedRegion):
    """Networks of ``space`` up to ``max_width`` units per layer, with ``max_bottleneck`` for autoencoders."""

    space: MlpSpace
    max_width: int
    max_bottleneck: int | None = None

    def __post_init__(self) -> None:
        if (self.max_bottleneck is None) == self.space.has_bottleneck:
            raise SpaceError(
                "an autoencoder's region needs a bottleneck, a dense network's must not have one"
            )

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Numbers of layers; at least one layer precedes a bottleneck, if the space allows it."""
        limits = self.space.limits
        least = max(limits.min_layers, 1 if self.max_bottleneck is None else 2)
        return tuple(range(min(least, limits.max_layers), limits.max_layers + 1))

    @cached_property
    def widths(self) -> tuple[tuple[int, ...], ...]:
        """Options of every layer, ascending."""
        every = [self.max_width] * self.depths[-1]
        if self.max_bottleneck is not None:
            every[-1] = self.max_bottleneck
        return tuple(tuple(w for w in self.space.limits.widths if w <= most) for most in every)

    @cached_property
    def steps(self) -> tuple[DenseStep, ...]:
        """The deepest chain, without its last layer, whose width is not free."""
        layers = range(self.depths[-1])
        if self.max_bottleneck is None:
            return tuple(DenseStep(FIRST_LAYER + i, i + 1) for i in layers)
        encoder = [DenseStep(FIRST_LAYER + i, i + 2) for i in layers[:-1]]
        return (*encoder, DenseStep(FIRST_LAYER + layers[-1], 1), *encoder[::-1])

    @cached_property
    def sizes(self) -> Genes:
        """See ``SharedWeightSpace``."""
        return (len(self.depths), *(len(options) for options in self.widths))

    @property
    def widest(self) -> Genes:
        """The genes of the largest network."""
        return tuple(size - 1 for size in self.sizes)

    @property
    def narrowest(self) -> Genes:
        """The genes of the smallest network."""
        return (0,) * len(self.sizes)

    @property
    def raw_baselines(self) -> tuple[Genes, ...]:
        """Baselines of the space that are in the region."""
        return tuple(self.genes(arch) for arch in self.space.baselines() if self._is_inside(arch))

    @property
    def pass_macs(self) -> int:
        """Those of the largest network, including masked parts."""
        return self.net(self.widest).macs

    def arch(self, genes: Genes) -> MlpArch:
        """See ``SharedWeightSpace``."""
        return MlpArch(
            tuple(self.widths[i][genes[FIRST_LAYER + i]] for i in self._layers(self.depths[genes[DEPTH]]))
        )

    def genes(self, arch: MlpArch) -> Genes:
        """The genes of ``arch``; raises ``SpaceError`` if it is wider or shallower than the region."""
        if not self._is_inside(arch):
            raise SpaceError(f"{arch} is not in the region of {self.depths} layers up to {self.max_width}")
        genes = [0] * len(self.sizes)
        genes[DEPTH] = self.depths.index(len(arch.hidden))
        for i, width in zip(self._layers(len(arch.hidden)), arch.hidden, strict=True):
            genes[FIRST_LAYER + i] = self.widths[i].index(width)
        return tuple(genes)

    def repaired(self, genes: Genes) -> Genes:
        """See ``SharedWeightSpace``."""
        return self.genes(self.arch(genes))

    def _layers(self, depth: int) -> list[int]:
        """The layers of a network of that depth."""
        if self.max_bottleneck is None:
            return list(range(depth))
        return [*range(depth - 1), self.depths[-1] - 1]

    def _is_inside(self, arch: MlpArch) -> bool:
        layers = self._layers(len(arch.hidden))
        return len(arch.hidden) in self.depths and all(
            width in self.widths[i] for i, width in zip(layers, arch.hidden, strict=True)
        )
