"""The cell space: two small graphs, stacked into a network."""

from micronas.space.cell.arch import Cell, CellArch, CellLimits, CellNode, Edge, EdgeOp, Output
from micronas.space.cell.space import CellSpace

__all__ = ["Cell", "CellArch", "CellLimits", "CellNode", "CellSpace", "Edge", "EdgeOp", "Output"]
