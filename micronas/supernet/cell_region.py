"""The region of the cell space: all cells, at the widths and in the stack of one baseline network.

    width, output (concatenated or added); then of both cells each edge of each node: source, operation

Genes are canonical as the cell space defines it, so that equal networks have equal genes. Edges of different
nodes do not share weights, and neither do the cells of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from micronas.errors import SpaceError
from micronas.space.cell import Cell, CellArch, CellNode, CellSpace, Edge, EdgeOp, Output
from micronas.space.cell.arch import CELL_INPUTS, PREVIOUS
from micronas.space.cell.canonical import canonical, canonical_cell, is_sound
from micronas.space.cell.draw import draw
from micronas.supernet.region import Genes, SharedWeightSpace, shared_widths

OPS, OUTPUTS = tuple(EdgeOp), tuple(Output)
"""Order of the options of an operation's gene and of the output's."""

WIDTH, OUTPUT, FIRST_EDGE = range(3)
GENES_PER_NODE = 4
"""Source and operation of the left edge, then of the right one."""

REPLACEMENT = Edge(PREVIOUS, EdgeOp.SEPARABLE_3X3)
"""The first edge of a cell that would compute nothing or not read its predecessor."""

_SAMPLED = 32
"""Networks sampled to estimate the cost of a pass through the shared weights."""


@dataclass(frozen=True)
class CellRegion(SharedWeightSpace):
    """All cells of ``space``, stacked as in ``reference``, as wide as it or narrower."""

    space: CellSpace
    reference: CellArch
    trains_single_paths: ClassVar[bool] = True
    max_pass_macs: ClassVar[int] = 2_500_000
    """Scoring a network on 1,000 digits then takes about a quarter of a CPU second (measured)."""

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Channels of the first stage, ascending."""
        return shared_widths(self.reference.channels, self.space.limits.widths)

    @cached_property
    def sizes(self) -> Genes:
        """See ``SharedWeightSpace``."""
        nodes = range(self.space.limits.nodes)
        of_a_cell = [size for node in nodes for size in (CELL_INPUTS + node, len(OPS)) * 2]
        return (len(self.widths), len(OUTPUTS), *of_a_cell, *of_a_cell)

    @property
    def genes_per_cell(self) -> int:
        """Gene sizes of the normal cell, which come first, and of the reduction cell."""
        return GENES_PER_NODE * self.space.limits.nodes

    @property
    def raw_baselines(self) -> tuple[Genes, ...]:
        """The baseline cells of the space, in this stack."""
        cells = ((arch, self._stacked(arch)) for arch in self.space.baselines())
        stacked = (replace(inside, channels=arch.channels) for arch, inside in cells)
        return tuple(self.genes(arch) for arch in dict.fromkeys(stacked) if arch.channels in self.widths)

    @cached_property
    def pass_macs(self) -> int:
        """The mean over random cells of full width: only the chosen operations are computed."""
        rng, limits = np.random.default_rng(0), self.space.limits
        archs = (self._stacked(draw(rng, limits)) for _ in range(_SAMPLED))
        return round(float(np.mean([self.space.net(arch).macs for arch in archs])))

    def sample(self, rng: np.random.Generator) -> Genes:
        """Cells as drawn by the space, every number of nodes equally likely; the width is drawn uniformly."""
        arch = self._stacked(draw(rng, self.space.limits))
        return self.genes(replace(arch, channels=self.widths[rng.integers(len(self.widths))]))

    def arch(self, genes: Genes) -> CellArch:
        """See ``SharedWeightSpace``; for genes that are canonical or not."""
        cells = (genes[FIRST_EDGE : FIRST_EDGE + self.genes_per_cell], genes[-self.genes_per_cell :])
        normal, reduction = (_cell(of_one) for of_one in cells)
        return replace(
            self.reference,
            normal=normal,
            reduction=reduction,
            channels=self.widths[genes[WIDTH]],
            output=OUTPUTS[genes[OUTPUT]],
        )

    def genes(self, arch: CellArch) -> Genes:
        """The canonical genes of ``arch``; raises ``SpaceError`` if it is stacked differently."""
        if not self._is_inside(arch):
            raise SpaceError(f"{arch} is not in the region around {self.reference}")
        arch = canonical(arch)
        genes = [self.widths.index(arch.channels), OUTPUTS.index(arch.output)]
        return (*genes, *_genes(arch.normal), *_genes(arch.reduction))

    def repaired(self, genes: Genes) -> Genes:
        """See ``SharedWeightSpace``; a cell that is not in the space gets a fixed valid edge."""
        arch = self.arch(genes)
        normal, reduction = _sound(arch.normal, reduces=False), _sound(arch.reduction, reduces=True)
        return self.genes(replace(arch, normal=normal, reduction=reduction))

    def _stacked(self, arch: CellArch) -> CellArch:
        """The cells of ``arch`` at full width in the stack of the reference."""
        return replace(self.reference, normal=arch.normal, reduction=arch.reduction, output=arch.output)

    def _is_inside(self, arch: CellArch) -> bool:
        return arch.channels in self.widths and self._stacked(arch) == replace(
            arch, channels=self.reference.channels
        )


def _sound(cell: Cell, *, reduces: bool) -> Cell:
    cell = canonical_cell(cell, reduces)
    if is_sound(cell):
        return cell
    first, *rest = cell.nodes
    return Cell((CellNode(REPLACEMENT, first.right), *rest))


def _cell(genes: Sequence[int]) -> Cell:
    edges = [Edge(source, OPS[op]) for source, op in zip(genes[::2], genes[1::2], strict=True)]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return Cell(tuple(CellNode(left, right) for left, right in pairs))


def _genes(cell: Cell) -> Iterator[int]:
    for node in cell.nodes:
        for edge in (node.left, node.right):
            yield from (edge.source, OPS.index(edge.op))
