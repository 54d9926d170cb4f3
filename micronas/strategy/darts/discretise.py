"""Edge weights -> a cell: the two strongest edges of every node, each with its strongest operation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from micronas.space.cell.arch import PREVIOUS, Cell, CellNode, Edge, EdgeOp
from micronas.space.cell.canonical import canonical_cell, is_sound
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights

_NONE = OPS.index(EdgeOp.NONE)


def cell_of(weights: EdgeWeights, nodes: int, *, reduces: bool) -> Cell:
    """The canonical cell. NONE weakens an edge but is never chosen (Liu et al., section 2.4).

    A cell that would compute nothing or not read its predecessor gets the strongest edge that repairs it.
    """
    return _sound((_node(weights, nodes, node) for node in range(nodes)), weights, nodes, reduces)


def drawn_cell(weights: EdgeWeights, nodes: int, rng: np.random.Generator, *, reduces: bool) -> Cell:
    """A random cell: the stronger an edge or an operation, the more likely it is.

    For every node, two different edges are drawn by the strengths of ``cell_of``, each with an operation
    drawn by its weight. NONE is never drawn; an invalid cell is repaired as in ``cell_of``.
    """
    return _sound((_drawn_node(weights, nodes, node, rng) for node in range(nodes)), weights, nodes, reduces)


def _sound(chosen: Iterable[CellNode], weights: EdgeWeights, nodes: int, reduces: bool) -> Cell:
    cell = canonical_cell(Cell(tuple(chosen)), reduces)
    if is_sound(cell):
        return cell
    return canonical_cell(_with_weights_on_previous(cell, weights, nodes), reduces)


def skips(cell: Cell) -> int:
    """Number of edges that only copy a value."""
    return sum(edge.op is EdgeOp.IDENTITY for node in cell.nodes for edge in (node.left, node.right))


def _node(weights: EdgeWeights, nodes: int, node: int) -> CellNode:
    edges, strengths = CellEdges(nodes), _strengths(weights, nodes, node)
    strongest = sorted(strengths, key=lambda e: (-strengths[e], e))[:2]
    left, right = (Edge(edges.all[e][0], OPS[int(_without_none(weights.ops[e]).argmax())]) for e in strongest)
    return CellNode(left, right)


def _drawn_node(weights: EdgeWeights, nodes: int, node: int, rng: np.random.Generator) -> CellNode:
    edges, strengths = CellEdges(nodes), _strengths(weights, nodes, node)
    picked = rng.choice(list(strengths), 2, replace=False, p=_shares(np.array(list(strengths.values()))))
    ops = [OPS[int(rng.choice(len(OPS), p=_shares(_without_none(weights.ops[e]))))] for e in picked]
    left, right = (Edge(edges.all[e][0], op) for e, op in zip(picked, ops, strict=True))
    return CellNode(left, right)


def _strengths(weights: EdgeWeights, nodes: int, node: int) -> dict[int, float]:
    """Strength of each edge of ``node``, by number: its weight times that of its best operation."""
    into = CellEdges(nodes).into(node)
    return {e: float(weights.edges[e] * _without_none(weights.ops[e]).max()) for e in into}


def _shares(weights: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Probabilities in proportion to ``weights``."""
    exact: npt.NDArray[np.float64] = weights.astype(np.float64)
    return np.asarray(exact / exact.sum(), np.float64)


def _without_none(
    ops: np.ndarray[tuple[int], np.dtype[np.float32]],
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    ops = ops.copy()
    ops[_NONE] = 0.0
    return ops


def _with_weights_on_previous(cell: Cell, weights: EdgeWeights, nodes: int) -> Cell:
    """The cell with the first node's left edge replaced by the strongest weighted operation on the previous
    cell.
    """
    first = CellEdges(nodes).all.index((PREVIOUS, 0))
    by_strength = sorted(range(len(OPS)), key=lambda i: -float(weights.ops[first][i]))
    op = next(OPS[i] for i in by_strength if OPS[i].has_weights)
    repaired = CellNode(Edge(PREVIOUS, op), cell.nodes[0].right)
    return Cell((repaired, *cell.nodes[1:]))
