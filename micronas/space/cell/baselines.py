"""Manually designed cells: residual blocks of separable or plain convolutions."""

from __future__ import annotations

from collections.abc import Iterator

from micronas.space.cell.arch import (
    NO_EDGE,
    NO_NODE,
    PREVIOUS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
    Output,
)


def baselines(limits: CellLimits) -> Iterator[CellArch]:
    """Per kind of convolution and width, the shallowest stack and the one with the most stages."""
    for op in (EdgeOp.CONV_3X3, EdgeOp.SEPARABLE_3X3):
        normal = _padded([CellNode(Edge(PREVIOUS, op), Edge(PREVIOUS, EdgeOp.IDENTITY))], limits)
        reduction = _padded([CellNode(Edge(PREVIOUS, op), NO_EDGE)], limits)
        for stages, repeats in dict.fromkeys((limits.stacks[0], limits.stacks[-1])):
            for width in limits.widths:
                yield CellArch(normal, reduction, width, repeats, stages, 2, Output.ADD)


def _padded(nodes: list[CellNode], limits: CellLimits) -> Cell:
    kept = nodes[: limits.nodes]
    return Cell((*kept, *[NO_NODE] * (limits.nodes - len(kept))))
