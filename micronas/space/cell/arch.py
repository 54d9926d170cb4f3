"""The genotype of the cell space: one normal and one reduction cell, and their stacking."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from micronas.space.optional_gene import Options

PREVIOUS, BEFORE_PREVIOUS = 0, 1
"""Sources of an edge: the two cell inputs; 2 and up are the cell's own nodes."""

CELL_INPUTS = 2


class EdgeOp(Enum):
    """The operation of an edge on the value that it reads."""

    NONE = "none"
    IDENTITY = "identity"
    CONV_3X3 = "conv_3x3"
    CONV_1X1 = "conv_1x1"
    DEPTHWISE_3X3 = "depthwise_3x3"
    DEPTHWISE_5X5 = "depthwise_5x5"
    SEPARABLE_3X3 = "separable_3x3"
    MAX_POOL_3X3 = "max_pool_3x3"
    MAX_POOL_5X5 = "max_pool_5x5"
    AVERAGE_POOL_3X3 = "average_pool_3x3"

    @property
    def has_weights(self) -> bool:
        """Whether two such edges from one source compute different values."""
        return self not in _WEIGHTLESS


_WEIGHTLESS = (
    EdgeOp.NONE,
    EdgeOp.IDENTITY,
    EdgeOp.MAX_POOL_3X3,
    EdgeOp.MAX_POOL_5X5,
    EdgeOp.AVERAGE_POOL_3X3,
)


class Output(Enum):
    """The combination of a cell's nodes to its output."""

    CONCAT = "concat"
    ADD = "add"


@dataclass(frozen=True)
class Edge:
    """``op`` applied to the value of ``source``."""

    source: int
    op: EdgeOp


@dataclass(frozen=True)
class CellNode:
    """The sum of two edges; an edge with NONE adds nothing, a node with two of them has no value."""

    left: Edge
    right: Edge


NO_EDGE = Edge(PREVIOUS, EdgeOp.NONE)
NO_NODE = CellNode(NO_EDGE, NO_EDGE)


@dataclass(frozen=True)
class Cell:
    """Nodes in order; a node reads the cell's inputs and earlier nodes."""

    nodes: tuple[CellNode, ...]


@dataclass(frozen=True)
class CellArch:
    """``stages`` groups of ``repeats`` normal cells, with a reduction cell between groups.

    Channels start at ``channels`` and double in each reduction; the stem has ``stem_stride``.
    """

    normal: Cell
    reduction: Cell
    channels: int
    repeats: int
    stages: int
    stem_stride: int
    output: Output

    @property
    def cells(self) -> int:
        """Cells in the stack."""
        return cells_of(self.stages, self.repeats)


def cells_of(stages: int, repeats: int) -> int:
    """Normal and reduction cells together."""
    return stages * repeats + stages - 1


@dataclass(frozen=True)
class CellLimits:
    """Which genes are allowed."""

    nodes: int = 3
    min_cells: int = 2
    max_cells: int = 6
    min_width: int = 4
    max_width: int = 64
    max_stages: int = 4
    optional: Options = field(default_factory=dict, hash=False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Multiples of 4: int8 kernels take four channels at a time."""
        return tuple(range(self.min_width, self.max_width + 1, 4))

    @property
    def stacks(self) -> tuple[tuple[int, int], ...]:
        """Allowed (stages, repeats): at least one reduction, cells within limits."""
        return tuple(
            (stages, repeats)
            for stages in range(2, self.max_stages + 1)
            for repeats in range(1, self.max_cells + 1)
            if self.min_cells <= cells_of(stages, repeats) <= max(self.max_cells, cells_of(2, 1))
        )
