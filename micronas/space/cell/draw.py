"""Random cell architectures, with channels drawn uniformly in the logarithm."""

from __future__ import annotations

import math

import numpy as np

from micronas.space.cell.arch import (
    CELL_INPUTS,
    NO_NODE,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
)
from micronas.space.cell.canonical import canonical_cell, is_sound
from micronas.space.cell.genes import whole_genes
from micronas.space.gene_group import made_of
from micronas.space.widths import nearest_width


def draw(rng: np.random.Generator, limits: CellLimits) -> CellArch:
    """A random architecture, not yet in canonical form."""
    stages, repeats = limits.stacks[rng.integers(len(limits.stacks))]
    width = math.exp(rng.uniform(math.log(limits.min_width), math.log(limits.max_width)))
    correlated = {
        "normal": _sound_cell(rng, limits.nodes, reduces=False),
        "reduction": _sound_cell(rng, limits.nodes, reduces=True),
        "channels": nearest_width(width, limits.widths),
        "repeats": repeats,
        "stages": stages,
    }
    rest = (gene for gene in whole_genes(limits) if gene.name not in correlated)
    return made_of(CellArch, {**correlated, **{gene.name: gene.drawn(rng) for gene in rest}})


def _sound_cell(rng: np.random.Generator, nodes: int, *, reduces: bool) -> Cell:
    """Most random cells are valid; the few that compute nothing are drawn again."""
    while True:
        # All numbers of nodes are equally likely, because cells with many nodes do not fit a small budget.
        live = int(rng.integers(1, nodes + 1))
        drawn = [CellNode(_edge(rng, i), _edge(rng, i)) for i in range(live)]
        cell = Cell((*drawn, *[NO_NODE] * (nodes - live)))
        if is_sound(canonical_cell(cell, reduces)):
            return cell


def _edge(rng: np.random.Generator, node: int) -> Edge:
    ops = list(EdgeOp)
    return Edge(int(rng.integers(CELL_INPUTS + node)), ops[rng.integers(len(ops))])
