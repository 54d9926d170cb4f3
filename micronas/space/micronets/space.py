"""``MicronetsSpace``: widths and depth of a published kind of network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.genome_space import GenomeSpace
from micronas.space.micronets.arch import MicronetsArch, MicronetsLimits, SlotGenes
from micronas.space.micronets.decode import decode
from micronas.space.micronets.genes import genome, slot_genes
from micronas.space.micronets.skeleton import make_skeleton
from micronas.space.widths import nearest_width

_SHARE_KEPT = 0.7


class MicronetsSpace(GenomeSpace[MicronetsArch]):
    """See ``micronas.space.Space`` for the methods."""

    arch_type = MicronetsArch

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: MicronetsLimits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 1:
            raise SpaceError(
                f"the micronets space needs inputs (height, width, channels) and 1 or more outputs, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits
        self.skeleton = make_skeleton(input_shape, limits.slots)
        self._slot = slot_genes(limits)
        self.genome = genome(limits, self._slot, self.skeleton)

    def draw(self, rng: np.random.Generator) -> MicronetsArch:
        """A width for the whole network, uniform in the logarithm, and each layer's width near it."""
        limits = self.limits
        typical = math.exp(rng.uniform(math.log(limits.min_width), math.log(limits.max_width)))
        stem, *widths = (
            nearest_width(typical * math.exp(rng.uniform(-0.5, 0.5)), limits.widths)
            for _ in range(limits.slots + 1)
        )
        kept = rng.random(limits.slots) < _SHARE_KEPT
        # More blocks are kept, starting from the first, up to the minimum depth.
        while sum(kept | (np.array(self.skeleton.strides) > 1)) < limits.min_blocks:
            kept[int(np.argmin(kept))] = True
        slots = tuple(
            self._slot.drawn(rng, {"width": width, "kept": bool(k) or stride > 1})
            for width, k, stride in zip(widths, kept, self.skeleton.strides, strict=True)
        )
        return MicronetsArch(stem, slots)

    def mutations(self, arch: MicronetsArch) -> Iterator[Iterator[MicronetsArch]]:
        """Another value of a gene, or one block less or more."""
        yield from self.genome.steps(arch)
        yield self._left_out(arch)
        yield self._put_in(arch)

    def crossed(self, a: MicronetsArch, b: MicronetsArch, rng: np.random.Generator) -> MicronetsArch:
        """Each layer from either parent; the child takes all of ``a`` if it came out too shallow."""
        slots = tuple(x if rng.random() < 0.5 else y for x, y in zip(a.slots, b.slots, strict=True))
        if sum(genes.kept for genes in slots) < self.limits.min_blocks:
            return a
        return MicronetsArch(a.stem if rng.random() < 0.5 else b.stem, slots)

    def canonical(self, raw: MicronetsArch) -> MicronetsArch:
        """Genes of a skipped block have no effect."""
        return replace(raw, slots=tuple(self._slot.settled(slot) for slot in raw.slots))

    def identity(self, arch: MicronetsArch) -> Net:
        """The network: leaving out either of two equal blocks gives the same network."""
        return self.decode(arch)

    def raw_baselines(self) -> Iterator[MicronetsArch]:
        """All layers equally wide, at maximum and at minimum depth."""
        expansions = self.limits.allowed_expansions
        expansion = expansions[len(expansions) // 2]
        for width in self.limits.widths:
            for depth in (self.limits.slots, self.limits.min_blocks):
                kept = [i < depth or stride > 1 for i, stride in enumerate(self.skeleton.strides)]
                yield MicronetsArch(width, tuple(SlotGenes(width, expansion, k) for k in kept))

    def build(self, arch: MicronetsArch) -> Net:
        """The network of ``arch``."""
        return decode(arch, self.skeleton, self.limits.backbone, self.input_shape, self.n_classes)

    def _left_out(self, arch: MicronetsArch) -> Iterator[MicronetsArch]:
        """One block less."""
        if sum(genes.kept for genes in arch.slots) > self.limits.min_blocks:
            for i, genes in enumerate(arch.slots):
                if genes.kept and self.skeleton.strides[i] == 1:
                    yield _with_slot(arch, i, replace(genes, kept=False))

    def _put_in(self, arch: MicronetsArch) -> Iterator[MicronetsArch]:
        """One block more, as wide as its input."""
        width = arch.stem
        for i, genes in enumerate(arch.slots):
            if genes.kept:
                width = genes.width
            else:
                yield _with_slot(arch, i, self._slot.first({"kept": True, "width": width}))


def _with_slot(arch: MicronetsArch, i: int, genes: SlotGenes) -> MicronetsArch:
    return replace(arch, slots=(*arch.slots[:i], genes, *arch.slots[i + 1 :]))
