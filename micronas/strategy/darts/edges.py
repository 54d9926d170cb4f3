"""The edges of a relaxed cell: every node reads both cell inputs and every node before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.space.cell.arch import CELL_INPUTS, EdgeOp

OPS = tuple(EdgeOp)
"""Order of the operations in every vector of edge weights."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CellEdges:
    """Edges (source, node) of a cell with ``nodes`` nodes, numbered node by node."""

    nodes: int

    @property
    def all(self) -> tuple[tuple[int, int], ...]:
        """(source, node) of every edge; sources 0 and 1 are the cell's inputs, 2 + i is node i."""
        return tuple((s, node) for node in range(self.nodes) for s in range(CELL_INPUTS + node))

    def into(self, node: int) -> tuple[int, ...]:
        """Numbers of the edges that ``node`` reads."""
        return tuple(e for e, (_, reader) in enumerate(self.all) if reader == node)

    def out_of(self, source: int) -> tuple[int, ...]:
        """Numbers of the edges that read ``source``."""
        return tuple(e for e, (read, _) in enumerate(self.all) if read == source)


@dataclass(frozen=True, eq=False)
class EdgeWeights:
    """The learned weights of one kind of cell.

    ``ops`` (edges, operations) sums to one over the operations; ``edges`` (edges,) sums to one over the edges
    of a node.
    """

    ops: Floats
    edges: Floats
