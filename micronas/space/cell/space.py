"""``CellSpace``: a normal and a reduction cell, searched once and stacked (Zoph et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.base import TypedSpace
from micronas.space.cell import codec
from micronas.space.cell.arch import CellArch, CellLimits
from micronas.space.cell.baselines import baselines
from micronas.space.cell.canonical import canonical, is_sound
from micronas.space.cell.decode import decode_canonical
from micronas.space.cell.draw import draw
from micronas.space.cell.grammar import CellGrammar
from micronas.space.cell.mutations import mutations
from micronas.trial import Json


class CellSpace(TypedSpace[CellArch]):
    """See ``micronas.space.Space`` for the methods."""

    arch_type = CellArch

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, limits: CellLimits) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1 or n_classes < 1:
            raise SpaceError(
                f"the cell space needs inputs (height, width, channels) and 1 or more outputs, "
                f"not {input_shape} and {n_classes}"
            )
        if not limits.stacks:
            raise SpaceError("no stack of cells has between min_blocks and max_blocks cells")
        self.input_shape, self.n_classes, self.limits = input_shape, n_classes, limits

    def draw(self, rng: np.random.Generator) -> CellArch:
        """Cells drawn edge by edge, channels uniformly in the logarithm."""
        return draw(rng, self.limits)

    def mutations(self, arch: CellArch) -> Iterator[Iterator[CellArch]]:
        """Another operation or source of an edge, another stack, another value of a gene."""
        return mutations(arch, self.limits)

    def smaller(self, arch: CellArch) -> Iterator[list[CellArch]]:
        """The cells of ``arch`` in its own stack, then in the shortest one: each from narrow to wide."""
        for stages, repeats in ((arch.stages, arch.repeats), self.limits.stacks[0]):
            sizes = (
                replace(arch, stages=stages, repeats=repeats, channels=width)
                for width in self.limits.widths
                if width <= arch.channels
            )
            yield [found for size in sizes if (found := self.canonical(size)) is not None]

    def canonical(self, raw: CellArch) -> CellArch | None:
        """The canonical form, or None if a cell computes nothing or skips its predecessor."""
        arch = canonical(raw)
        return arch if is_sound(arch.normal) and is_sound(arch.reduction) else None

    def identity(self, arch: CellArch) -> Net:
        """The network: on a small plane, different genes can still give the same network."""
        return self.decode(arch)

    def crossed(self, a: CellArch, b: CellArch, rng: np.random.Generator) -> CellArch:
        """Each cell, the stack and every other gene from either parent; the stem belongs to the stack."""
        first = rng.random(5) < 0.5
        stack = a if first[2] else b
        return replace(
            stack,
            normal=(a if first[0] else b).normal,
            reduction=(a if first[1] else b).reduction,
            channels=(a if first[3] else b).channels,
            output=(a if first[4] else b).output,
        )

    def raw_baselines(self) -> Iterator[CellArch]:
        """Residual stacks."""
        return baselines(self.limits)

    def write(self, arch: CellArch) -> Json:
        """Genes by name."""
        return codec.to_json(arch, self.limits)

    def read(self, data: Json) -> CellArch:
        """See ``TypedSpace``."""
        return codec.from_json(data, self.limits)

    def decode(self, arch: CellArch) -> Net:
        """The network of ``arch``."""
        return decode_canonical(codec.check(arch, self.limits), self.input_shape, self.n_classes)

    def grammar(self) -> CellGrammar:
        """See ``Space``."""
        return CellGrammar(self.limits, self._in_form)
