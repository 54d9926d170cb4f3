"""``LayerwiseSpace``: networks built block by block, for images, spectrograms and sensor windows."""

from __future__ import annotations

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import file_bytes, hash_json
from micronas.space.layerwise import codec
from micronas.space.layerwise.arch import LayerwiseArch, Limits
from micronas.space.layerwise.baselines import baselines
from micronas.space.layerwise.canonical import canonical
from micronas.space.layerwise.decode import decode
from micronas.space.layerwise.draw import draw
from micronas.space.layerwise.mutations import MUTATIONS
from micronas.space.single_mutation import distinct, one_step
from micronas.trial import Json


class LayerwiseSpace:
    """See ``micronas.space.Space`` for the verbs.

    >>> space = LayerwiseSpace((28, 28, 1), 10, Limits())
    >>> arch = space.sample(np.random.default_rng(0))
    >>> space.from_json(space.to_json(arch)) == arch
    True
    """

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: Limits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 2:
            raise SpaceError(
                f"the layerwise space needs inputs (height, width, channels) and 2 or more classes, "
                f"not {input_shape} and {n_classes}"
            )
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits

    def sample(self, rng: np.random.Generator) -> LayerwiseArch:
        """A random architecture; see ``draw``."""
        return self._canonical(draw(rng, self.limits))

    def mutate(self, arch: LayerwiseArch, rng: np.random.Generator) -> LayerwiseArch:
        """A kind of change first, each as likely as the other, then one of that kind."""
        moves = (move(arch, self.limits) for move in MUTATIONS)
        return one_step(moves, self._canonical(arch), self._canonical, lambda canonical: canonical, rng)

    def crossover(self, a: LayerwiseArch, b: LayerwiseArch, rng: np.random.Generator) -> LayerwiseArch:
        """Stem and first blocks of ``a``, last blocks of ``b``; one cut in each, depth within limits."""
        cuts = [
            (i, j)
            for i in range(len(a.blocks) + 1)
            for j in range(len(b.blocks) + 1)
            if self.limits.min_blocks <= i + len(b.blocks) - j <= self.limits.max_blocks
        ]
        i, j = cuts[rng.integers(len(cuts))]
        return self._canonical(LayerwiseArch(a.stem, (*a.blocks[:i], *b.blocks[j:])))

    def neighbours(self, arch: LayerwiseArch) -> tuple[LayerwiseArch, ...]:
        """All that ``mutate`` can return, in a fixed order."""
        reached = (n for move in MUTATIONS for n in move(arch, self.limits))
        return tuple(distinct(reached, self._canonical(arch), self._canonical, lambda canonical: canonical))

    def net(self, arch: LayerwiseArch) -> Net:
        """The network of ``arch``."""
        codec.check(arch, self.limits)
        return decode(arch, self.input_shape, self.n_classes)

    def baselines(self) -> tuple[LayerwiseArch, ...]:
        """VGG-like and depthwise-separable networks, largest file first."""
        archs = dict.fromkeys(self._canonical(arch) for arch in baselines(self.limits))
        return tuple(sorted(archs, key=lambda arch: file_bytes(self.net(arch)), reverse=True))

    def to_json(self, arch: LayerwiseArch) -> Json:
        """Genes by name."""
        return codec.to_json(arch)

    def from_json(self, data: Json) -> LayerwiseArch:
        """Checked and in canonical form."""
        return self._canonical(codec.from_json(data, self.limits))

    def key(self, arch: LayerwiseArch) -> str:
        """Hash of the canonical genes."""
        return hash_json(self.to_json(self._canonical(arch)))

    def _canonical(self, arch: LayerwiseArch) -> LayerwiseArch:
        return canonical(arch, (self.input_shape[0], self.input_shape[1]), self.limits)
