"""Canonical cells: no edges and nodes without effect, shared equal values, and a fixed order of nodes.

Different genes can give the same cell for three reasons: NONE edges still have a source; nodes that only copy
a value, or repeat a pooling, duplicate that value; and nodes can be numbered in any order that respects their
edges. Value numbering and the smallest node numbering remove these differences.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from micronas.space.cell.arch import (
    CELL_INPUTS,
    NO_EDGE,
    NO_NODE,
    PREVIOUS,
    Cell,
    CellArch,
    CellNode,
    Edge,
    EdgeOp,
    Output,
)


def canonical(arch: CellArch) -> CellArch:
    """``arch`` with both cells in canonical form; with one node per cell, CONCAT is the same as ADD."""
    normal, reduction = canonical_cell(arch.normal, False), canonical_cell(arch.reduction, True)
    single = len(live_nodes(normal)) == len(live_nodes(reduction)) == 1
    return replace(arch, normal=normal, reduction=reduction, output=Output.ADD if single else arch.output)


def canonical_cell(cell: Cell, reduces: bool) -> Cell:
    """The cell with its live nodes first, in their smallest numbering, and NO_NODE in the free slots."""
    nodes = _smallest_numbering(_distinct_values(cell, reduces))
    return Cell((*nodes, *[NO_NODE] * (len(cell.nodes) - len(nodes))))


def live_nodes(cell: Cell) -> list[CellNode]:
    """Nodes of a canonical cell with a value."""
    return [node for node in cell.nodes if node != NO_NODE]


def live_edges(node: CellNode) -> list[Edge]:
    """Edges of a node with a value."""
    return [edge for edge in (node.left, node.right) if edge.op is not EdgeOp.NONE]


def is_sound(cell: Cell) -> bool:
    """Whether a canonical cell has an operation with weights and reads the previous cell.

    In a stack of cells that skip their predecessor, every second cell would be unused.
    """
    edges = [edge for node in live_nodes(cell) for edge in live_edges(node)]
    reads_previous = any(edge.source == PREVIOUS for edge in edges)
    return reads_previous and any(edge.op.has_weights for edge in edges)


def _distinct_values(cell: Cell, reduces: bool) -> list[CellNode]:
    """Value numbering: one node per distinct value, edges redirected to it."""
    value_of: list[int | None] = list(range(CELL_INPUTS))
    nodes: list[CellNode] = []
    for node in cell.nodes:
        edges = _live_edges(node, value_of)
        if len(edges) == 2 and edges[0] == edges[1] and _repeats(edges[0], reduces):
            edges = edges[:1]
        if not edges:
            value_of.append(None)
            continue
        source = edges[0].source
        passes_on = len(edges) == 1 and edges[0].op is EdgeOp.IDENTITY and _repeats(edges[0], reduces)
        new = _node(edges)
        if passes_on and source >= CELL_INPUTS:
            value_of.append(source)
            continue
        if not (new in nodes and all(_repeats(edge, reduces) for edge in edges)):
            nodes.append(new)
        value_of.append(source if passes_on else CELL_INPUTS + _last_index(nodes, new))
    return nodes


def _repeats(edge: Edge, reduces: bool) -> bool:
    """Whether a second such edge has the same value; an identity that halves the plane has weights."""
    strided_identity = edge.op is EdgeOp.IDENTITY and reduces and edge.source < CELL_INPUTS
    return not (edge.op.has_weights or strided_identity)


def _last_index(nodes: list[CellNode], node: CellNode) -> int:
    """Index of the latest equal node; with weights, equal genes are still different values."""
    return len(nodes) - 1 - nodes[::-1].index(node)


def _live_edges(node: CellNode, value_of: list[int | None]) -> list[Edge]:
    """Edges that carry a value, their sources as value numbers, in a fixed order."""
    live = []
    for edge in (node.left, node.right):
        source = value_of[edge.source]
        if edge.op is not EdgeOp.NONE and source is not None:
            live.append(Edge(source, edge.op))
    return sorted(live, key=_edge_key)


def _node(edges: list[Edge]) -> CellNode:
    padded = [*edges, NO_EDGE, NO_EDGE]
    return CellNode(padded[0], padded[1])


def _smallest_numbering(nodes: list[CellNode]) -> list[CellNode]:
    """Of all topological orders, the one whose genes sort first."""
    candidates = (_renumbered(nodes, order) for order in permutations(range(len(nodes))))
    return min((c for c in candidates if c is not None), key=lambda c: [_node_key(n) for n in c])


def _renumbered(nodes: list[CellNode], order: tuple[int, ...]) -> list[CellNode] | None:
    place = {old + CELL_INPUTS: new + CELL_INPUTS for new, old in enumerate(order)}
    renumbered = []
    for new, old in enumerate(order):
        edges = [Edge(place.get(e.source, e.source), e.op) for e in live_edges(nodes[old])]
        if any(edge.source >= new + CELL_INPUTS for edge in edges):
            return None
        renumbered.append(_node(sorted(edges, key=_edge_key)))
    return renumbered


def _edge_key(edge: Edge) -> tuple[int, str]:
    return edge.source, edge.op.value


def _node_key(node: CellNode) -> tuple[tuple[int, str], ...]:
    return _edge_key(node.left), _edge_key(node.right)
