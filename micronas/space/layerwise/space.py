"""``LayerwiseSpace``: networks built block by block, for images, spectrograms and sensor windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import Arch, hash_json
from micronas.space.genome import Chain, longer, shorter, spliced
from micronas.space.genome_space import GenomeSpace
from micronas.space.layerwise.arch import BlockKind, LayerwiseArch, Limits
from micronas.space.layerwise.baselines import baselines
from micronas.space.layerwise.canonical import canonical
from micronas.space.layerwise.decode import decode
from micronas.space.layerwise.draw import draw
from micronas.space.layerwise.genes import STEP_ORDER, block_genes, genome, head_genes, stem_genes


class LayerwiseSpace(GenomeSpace[LayerwiseArch]):
    """See ``micronas.space.Space`` for the methods.

    >>> space = LayerwiseSpace((28, 28, 1), 10, Limits())
    >>> arch = space.sample(np.random.default_rng(0))
    >>> space.from_json(space.to_json(arch)) == arch
    True
    """

    arch_type = LayerwiseArch

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: Limits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 1:
            raise SpaceError(
                f"the layerwise space needs inputs (height, width, channels) and 1 or more outputs, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits
        self._stem, self._block, self._head = stem_genes(limits), block_genes(limits), head_genes(limits)
        self._chain = Chain("blocks", self._block.for_parts(), limits.min_blocks, limits.max_blocks)
        self.genome = genome(self._stem, self._chain, self._head)

    def draw(self, rng: np.random.Generator) -> LayerwiseArch:
        """See ``draw``."""
        return draw(rng, self.limits, self._stem, self._block, self._head)

    def mutations(self, arch: LayerwiseArch) -> Iterator[Iterator[LayerwiseArch]]:
        """Another value of a gene, or one block more or less."""
        yield from self.genome.steps(arch, {"blocks": STEP_ORDER})
        yield self._longer(arch)
        yield (replace(arch, blocks=blocks) for blocks in shorter(self._chain, arch.blocks))

    def crossed(self, a: LayerwiseArch, b: LayerwiseArch, rng: np.random.Generator) -> LayerwiseArch:
        """Stem, first blocks and head of ``a``, last blocks of ``b``; one cut in each, within the limits."""
        return replace(a, blocks=spliced(self._chain, a.blocks, b.blocks, rng))

    def canonical(self, raw: LayerwiseArch) -> LayerwiseArch:
        """See ``canonical``."""
        settled = replace(raw, blocks=tuple(self._block.settled(block) for block in raw.blocks))
        return canonical(settled, (self.input_shape[0], self.input_shape[1]), self.limits)

    def identity(self, arch: LayerwiseArch) -> LayerwiseArch:
        """Canonical genes correspond one-to-one to networks."""
        return arch

    def raw_baselines(self) -> Iterator[LayerwiseArch]:
        """VGG-like and depthwise-separable networks."""
        return baselines(self.limits, self.input_shape)

    def build(self, arch: LayerwiseArch) -> Net:
        """The network of ``arch``."""
        return decode(arch, self.input_shape, self.n_classes)

    def key(self, arch: Arch) -> str:
        """Hash of the canonical genes."""
        return hash_json(self.write(self.canonical(self.own(arch))))

    def _longer(self, arch: LayerwiseArch) -> Iterator[LayerwiseArch]:
        """A new block of any kind, smallest kernel, stride 1, as wide as its input."""
        for place in range(len(arch.blocks) + 1):
            width = arch.blocks[place - 1].width if place else arch.stem.width
            for kind in BlockKind:
                new = self._block.first({"kind": kind, "width": width})
                blocks = longer(self._chain, arch.blocks, place, new)
                if blocks is not None:
                    yield replace(arch, blocks=blocks)
