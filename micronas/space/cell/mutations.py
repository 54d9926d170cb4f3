"""One-step changes of a cell architecture by kind; they are raw, and the space makes them canonical."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from micronas.space.cell.arch import (
    CELL_INPUTS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
)
from micronas.space.cell.genes import OP, whole_genes
from micronas.space.gene import Gene
from micronas.space.gene_group import changed


def normal_op(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """Another op on one edge of the normal cell."""
    return (replace(arch, normal=cell) for cell in _other_ops(arch.normal))


def normal_source(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """Another source of one edge of the normal cell."""
    return (replace(arch, normal=cell) for cell in _other_sources(arch.normal))


def reduction_op(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """Another op on one edge of the reduction cell."""
    return (replace(arch, reduction=cell) for cell in _other_ops(arch.reduction))


def reduction_source(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """Another source of one edge of the reduction cell."""
    return (replace(arch, reduction=cell) for cell in _other_sources(arch.reduction))


def stack(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """One more or one less repeat or stage."""
    for stages, repeats in limits.stacks:
        if abs(stages - arch.stages) + abs(repeats - arch.repeats) == 1:
            yield replace(arch, stages=stages, repeats=repeats)


def mutations(arch: CellArch, limits: CellLimits) -> Iterator[Iterator[CellArch]]:
    """Raw neighbours by kind of change."""
    channels, *rest = whole_genes(limits)
    yield normal_op(arch, limits)
    yield normal_source(arch, limits)
    yield reduction_op(arch, limits)
    yield reduction_source(arch, limits)
    yield _steps(arch, channels)
    yield stack(arch, limits)
    for gene in rest:
        yield _steps(arch, gene)


def _steps(arch: CellArch, gene: Gene[CellArch]) -> Iterator[CellArch]:
    for value in gene.steps(getattr(arch, gene.name), gene.options):
        yield changed(arch, {gene.name: value})


def _other_ops(cell: Cell) -> Iterator[Cell]:
    return _edited(
        cell,
        lambda edge, i: [
            Edge(edge.source, op) for op in OP.steps(edge.op, OP.options) if isinstance(op, EdgeOp)
        ],
    )


def _other_sources(cell: Cell) -> Iterator[Cell]:
    return _edited(
        cell, lambda edge, i: [Edge(s, edge.op) for s in range(CELL_INPUTS + i) if s != edge.source]
    )


def _edited(cell: Cell, edit: Callable[[Edge, int], list[Edge]]) -> Iterator[Cell]:
    for i, node in enumerate(cell.nodes):
        others = [CellNode(edge, node.right) for edge in edit(node.left, i)]
        others += [CellNode(node.left, edge) for edge in edit(node.right, i)]
        for other in others:
            yield Cell((*cell.nodes[:i], other, *cell.nodes[i + 1 :]))
