"""Edge weights -> a cell: of every node the two strongest edges, each with its strongest operation."""

from __future__ import annotations

import numpy as np

from micronas.estimate.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.space.cell.arch import PREVIOUS, Cell, CellNode, Edge, EdgeOp
from micronas.space.cell.canonical import canonical_cell, is_sound

_NONE = OPS.index(EdgeOp.NONE)


def cell_of(weights: EdgeWeights, nodes: int, *, reduces: bool) -> Cell:
    """The canonical cell. NONE says how weak an edge is, but is never chosen (Liu et al., section 2.4).

    A cell that would compute nothing or not read its predecessor gets the strongest edge that mends it.
    """
    cell = canonical_cell(Cell(tuple(_node(weights, nodes, node) for node in range(nodes))), reduces)
    if is_sound(cell):
        return cell
    return canonical_cell(_with_weights_on_previous(cell, weights, nodes), reduces)


def skips(cell: Cell) -> int:
    """Edges that only pass a value on."""
    return sum(edge.op is EdgeOp.IDENTITY for node in cell.nodes for edge in (node.left, node.right))


def _node(weights: EdgeWeights, nodes: int, node: int) -> CellNode:
    edges = CellEdges(nodes)
    strengths = {e: float(weights.edges[e] * _without_none(weights.ops[e]).max()) for e in edges.into(node)}
    strongest = sorted(strengths, key=lambda e: (-strengths[e], e))[:2]
    left, right = (Edge(edges.all[e][0], OPS[int(_without_none(weights.ops[e]).argmax())]) for e in strongest)
    return CellNode(left, right)


def _without_none(
    ops: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    ops = ops.copy()
    ops[_NONE] = -1.0
    return ops


def _with_weights_on_previous(cell: Cell, weights: EdgeWeights, nodes: int) -> Cell:
    """The first node's left edge replaced by the strongest operation with weights on the previous cell."""
    first = CellEdges(nodes).all.index((PREVIOUS, 0))
    by_strength = sorted(range(len(OPS)), key=lambda i: -float(weights.ops[first][i]))
    op = next(OPS[i] for i in by_strength if OPS[i].has_weights)
    mended = CellNode(Edge(PREVIOUS, op), cell.nodes[0].right)
    return Cell((mended, *cell.nodes[1:]))
