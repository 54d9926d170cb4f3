"""``MlpSpace``: dense layers for tabular sensors and short windows; the genotype is the list of widths.

Every layer normalises and clamps. The input is flattened, so any data shape is allowed. Every width has an
effect and layers are ordered, so genes correspond one-to-one to networks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Dense, Flatten, Net, NetBuilder
from micronas.model.op_attributes import Activation
from micronas.space.base import Arch, hash_json
from micronas.space.gene import Gene, near
from micronas.space.gene_group import SingleGene
from micronas.space.genome import Chain, Genome, longer, shorter, spliced
from micronas.space.genome_space import GenomeSpace
from micronas.space.output_layers import output_layers
from micronas.space.widths import nearest_width


@dataclass(frozen=True)
class MlpArch:
    """Widths of the hidden layers, first to last."""

    hidden: tuple[int, ...]


@dataclass(frozen=True)
class MlpLimits:
    """Number and widths of the hidden layers."""

    min_layers: int = 1
    max_layers: int = 4
    min_width: int = 4
    max_width: int = 128

    @property
    def widths(self) -> tuple[int, ...]:
        """Multiples of 4: int8 kernels take four channels at a time."""
        return tuple(range(self.min_width, self.max_width + 1, 4))


class MlpSpace(GenomeSpace[MlpArch]):
    """See ``micronas.space.Space`` for the methods."""

    arch_type = MlpArch
    has_bottleneck = False
    """Whether the last of ``hidden`` is a bottleneck, behind which the others are mirrored."""

    def __init__(self, input_shape: tuple[int, ...], n_classes: int, limits: MlpLimits) -> None:
        if len(input_shape) not in (1, 3) or min(input_shape) < 1 or n_classes < 1:
            raise SpaceError(
                f"the mlp space needs inputs (features,) or (height, width, channels) and 1 or more outputs, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits
        self._width = SingleGene(Gene("width", limits.widths, steps=near))
        self._chain = Chain(
            "hidden", self._width.for_parts(), limits.min_layers, limits.max_layers, shared_tokens=False
        )
        self.genome = Genome(MlpArch, (self._chain,))

    def draw(self, rng: np.random.Generator) -> MlpArch:
        """Depth uniformly, widths uniformly in the logarithm."""
        depth = int(rng.integers(self.limits.min_layers, self.limits.max_layers + 1))
        low, high = math.log(self.limits.min_width), math.log(self.limits.max_width)
        widths = np.exp(rng.uniform(low, high, depth))
        return MlpArch(tuple(nearest_width(float(w), self.limits.widths) for w in widths))

    def mutations(self, arch: MlpArch) -> Iterator[Iterator[MlpArch]]:
        """Another width, or one layer more or less."""
        yield from self.genome.steps(arch)
        yield self._longer(arch)
        yield (MlpArch(hidden) for hidden in shorter(self._chain, arch.hidden))

    def crossed(self, a: MlpArch, b: MlpArch, rng: np.random.Generator) -> MlpArch:
        """First layers of ``a``, last layers of ``b``."""
        return MlpArch(spliced(self._chain, a.hidden, b.hidden, rng))

    def canonical(self, raw: MlpArch) -> MlpArch:
        """Every gene has an effect."""
        return raw

    def identity(self, arch: MlpArch) -> MlpArch:
        """Genes correspond one-to-one to networks."""
        return arch

    def raw_baselines(self) -> Iterator[MlpArch]:
        """Two layers, the second half as wide, at every allowed width."""
        depth = min(max(2, self.limits.min_layers), self.limits.max_layers)
        for width in self.limits.widths:
            yield MlpArch(tuple(nearest_width(width / 2**i, self.limits.widths) for i in range(depth)))

    def build(self, arch: MlpArch) -> Net:
        """The network of ``arch``."""
        builder = NetBuilder(self.input_shape)
        if len(self.input_shape) == 3:
            builder.add(Flatten())
        for width in arch.hidden:
            builder.add(Dense(width, Activation.RELU, batch_norm=True))
        return builder.chain(*output_layers(self.n_classes)).build()

    def key(self, arch: Arch) -> str:
        """Hash of the widths."""
        return hash_json(self.to_json(arch))

    def _longer(self, arch: MlpArch) -> Iterator[MlpArch]:
        """A layer as wide as the one before it; a first one, as the one after it."""
        hidden = arch.hidden
        for place in range(len(hidden) + 1):
            width = hidden[max(place - 1, 0)] if hidden else self.limits.min_width
            more = longer(self._chain, hidden, place, width)
            if more is not None:
                yield MlpArch(more)
