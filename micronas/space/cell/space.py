"""``CellSpace``: a normal and a reduction cell, searched once and stacked (Zoph et al. 2018)."""

from __future__ import annotations

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import file_bytes, hash_net
from micronas.space.cell import codec
from micronas.space.cell.arch import CellArch, CellLimits
from micronas.space.cell.baselines import baselines
from micronas.space.cell.canonical import canonical, is_sound
from micronas.space.cell.decode import decode
from micronas.space.cell.draw import draw
from micronas.space.cell.mutations import MUTATIONS
from micronas.space.single_mutation import distinct, one_step
from micronas.trial import Json


class CellSpace:
    """See ``micronas.space.Space`` for the verbs."""

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: CellLimits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 2:
            raise SpaceError(
                f"the cell space needs inputs (height, width, channels) and 2 or more classes, "
                f"not {input_shape} and {n_classes}"
            )
        if not limits.stacks:
            raise SpaceError("no stack of cells has between min_blocks and max_blocks cells")
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits

    def sample(self, rng: np.random.Generator) -> CellArch:
        """Cells drawn edge by edge, channels evenly in the logarithm."""
        return canonical(draw(rng, self.limits))

    def mutate(self, arch: CellArch, rng: np.random.Generator) -> CellArch:
        """A kind of change first, each as likely as the other, then one of that kind."""
        return one_step((move(arch, self.limits) for move in MUTATIONS), arch, _sound, self.net, rng)

    def crossover(self, a: CellArch, b: CellArch, rng: np.random.Generator) -> CellArch:
        """Each cell, the stack and every other gene from either parent."""
        first = rng.random(5) < 0.5
        stack = a if first[2] else b
        child = CellArch(
            normal=(a if first[0] else b).normal,
            reduction=(a if first[1] else b).reduction,
            channels=(a if first[3] else b).channels,
            repeats=stack.repeats,
            stages=stack.stages,
            stem_stride=stack.stem_stride,
            output=(a if first[4] else b).output,
        )
        return canonical(child)

    def neighbours(self, arch: CellArch) -> tuple[CellArch, ...]:
        """All that ``mutate`` can return, in a fixed order."""
        reached = (n for move in MUTATIONS for n in move(arch, self.limits))
        return tuple(distinct(reached, arch, _sound, self.net))

    def net(self, arch: CellArch) -> Net:
        """The network of ``arch``."""
        codec.check(arch, self.limits)
        return decode(arch, self.input_shape, self.n_classes)

    def baselines(self) -> tuple[CellArch, ...]:
        """Residual stacks, largest file first."""
        archs = dict.fromkeys(canonical(arch) for arch in baselines(self.limits))
        return tuple(sorted(archs, key=lambda arch: file_bytes(self.net(arch)), reverse=True))

    def to_json(self, arch: CellArch) -> Json:
        """Genes by name."""
        return codec.to_json(arch)

    def from_json(self, data: Json) -> CellArch:
        """Checked and in canonical form."""
        return canonical(codec.from_json(data, self.limits))

    def key(self, arch: CellArch) -> str:
        """Hash of the network: on a small plane, different genes can still be one network."""
        return hash_net(self.net(arch))


def _sound(raw: CellArch) -> CellArch | None:
    """The canonical form, or None if a cell computes nothing or skips its predecessor."""
    arch = canonical(raw)
    return arch if is_sound(arch.normal) and is_sound(arch.reduction) else None
