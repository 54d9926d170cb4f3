"""One-step changes of a cell architecture, by what they change; raw, the space makes them canonical."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from micronas.space.cell.arch import (
    CELL_INPUTS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
    Output,
)
from micronas.space.widths import near_widths

Move: TypeAlias = Callable[[CellArch, CellLimits], Iterator[CellArch]]


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


def channels(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """More or fewer channels everywhere."""
    return (replace(arch, channels=width) for width in near_widths(arch.channels, limits.widths))


def stack(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """One repeat or one stage more or less."""
    for stages, repeats in limits.stacks:
        if abs(stages - arch.stages) + abs(repeats - arch.repeats) == 1:
            yield replace(arch, stages=stages, repeats=repeats)


def stem_stride(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """The other stride in the stem."""
    yield replace(arch, stem_stride=3 - arch.stem_stride)


def output(arch: CellArch, limits: CellLimits) -> Iterator[CellArch]:
    """The other way of joining a cell's nodes."""
    yield replace(arch, output=Output.ADD if arch.output is Output.CONCAT else Output.CONCAT)


MUTATIONS: tuple[Move, ...] = (
    normal_op,
    normal_source,
    reduction_op,
    reduction_source,
    channels,
    stack,
    stem_stride,
    output,
)


def _other_ops(cell: Cell) -> Iterator[Cell]:
    return _edited(cell, lambda edge, i: [Edge(edge.source, op) for op in EdgeOp if op is not edge.op])


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
