"""``FoundCells`` in a run folder: the edge weights, from which the cells are rebuilt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micronas.strategy.darts.discretise import cell_of
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.strategy.darts.search import CollapseCheck, FoundCells
from micronas.train.checkpoint import Arrays, load_arrays, save_arrays

_CELLS = ("normal", "reduction")


def save_cells(found: FoundCells, path: Path) -> None:
    """Write to ``path`` atomically."""
    arrays = {
        "checks": np.array([(c.step, c.train_loss, c.eigenvalue, c.skips) for c in found.checks], np.float64),
        "stopped": np.array(found.stopped),
        "cpu_s": np.array(found.cpu_s),
    }
    for name, weights in zip(_CELLS, found.weights, strict=True):
        arrays |= {f"{name}_ops": weights.ops, f"{name}_edges": weights.edges}
    save_arrays(path, arrays)


def load_cells(path: Path, nodes: int) -> FoundCells | None:
    """The cells with ``nodes`` nodes that ``save_cells`` wrote; None if the file is missing.

    Raises ``StoreError`` for a damaged file, and for a file of other cells.
    """
    edges = len(CellEdges(nodes).all)

    def weights_of(arrays: Arrays, name: str) -> EdgeWeights:
        weights = EdgeWeights(
            arrays[f"{name}_ops"].astype(np.float32), arrays[f"{name}_edges"].astype(np.float32)
        )
        if weights.ops.shape != (edges, len(OPS)) or weights.edges.shape != (edges,):
            raise ValueError(f"weights of {len(weights.edges)} edges, but the run has {edges}")
        return weights

    def read(arrays: Arrays) -> FoundCells:
        normal, reduction = (weights_of(arrays, name) for name in _CELLS)
        return FoundCells(
            cell_of(normal, nodes, reduces=False),
            cell_of(reduction, nodes, reduces=True),
            (normal, reduction),
            tuple(
                CollapseCheck(int(row[0]), float(row[1]), float(row[2]), int(row[3]))
                for row in arrays["checks"].reshape(-1, 4).astype(np.float64)
            ),
            str(arrays["stopped"]),
            float(arrays["cpu_s"]),
        )

    return load_arrays(path, read)
